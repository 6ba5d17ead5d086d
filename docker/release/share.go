package main

import (
	"forebay/cmd/manual"
	"forebay/config"
)

// shared are the files that are the same for all platforms, with the places below /usr or an environment in which man and
// the shells look for them.
func shared(version string) []file {
	return []file{
		{"share/man/man1/forebay.1", []byte(manual.Man(version)), read},
		{"share/bash-completion/completions/forebay", []byte(manual.Completion("bash")), read},
		{"share/zsh/site-functions/_forebay", []byte(manual.Completion("zsh")), read},
		{"share/fish/vendor_completions.d/forebay.fish", []byte(manual.Completion("fish")), read},
		{"share/forebay/forebay.schema.json", config.Schema(), read},
	}
}

// handedOut are those of them that lie beside the binaries, under names that tell them apart.
func handedOut(version string) []file {
	names := []string{"forebay.1", "forebay.bash", "_forebay", "forebay.fish", "forebay.schema.json"}
	files := shared(version)
	for i, name := range names {
		files[i].name = name
	}
	return files
}
