package config

import "reflect"

// Static maps a path prefix to a directory.
type Static struct {
	// Prefix is a path that begins and ends with a slash.
	Prefix string `key:"prefix"`
	// Dir is the directory below which, and only below which, files are served.
	Dir string `key:"dir"`
	// Except are the beginnings of paths that the mapping is not for, though they begin with its prefix.
	Except []string `key:"except"`
	// Only are the names of the files in Dir that the mapping is for. Empty means all of them.
	Only []string `key:"only"`
	// Index are the names of files that stand for the directory they lie in, in the order in which they are looked for.
	Index []string `key:"index"`
	// Fallback is what answers a path that leads to no file: FallbackApplication, or the name of a file in Dir. Empty means
	// that it is not found.
	Fallback string `key:"fallback"`
	// NotFound is the name of a file in Dir that is the page of a path that is not found. Empty means a page of ours.
	NotFound string `key:"not_found"`
	// Headers are further fields of all answers with a file.
	Headers []Header `key:"headers"`
	// Cache says for how long files may be kept by clients, by patterns of their names. The first one that fits counts.
	Cache []CacheRule `key:"cache"`
	// Immutable are patterns of the names of files that never change. ImmutableHashed stands for the names that Django,
	// webpack and Vite make of the contents.
	Immutable []string `key:"immutable"`
	// Types are the media types of files by the endings of their names, where those that we know are not right.
	Types []Header `key:"types"`
	// Extensions are the endings, without the dot, that the name of a file must have one of. Empty means any.
	Extensions []string `key:"extensions"`
	// Autoindex says whether a directory without an index is listed.
	Autoindex bool `key:"autoindex"`
	// Hidden says whether files and directories are served whose names begin with a dot. ".well-known" always is.
	Hidden bool `key:"hidden"`
	// Sidecars says whether a file's compressed copies beside it (.br, .zst, .gz) are sent to clients that take them.
	Sidecars bool `key:"sidecars"`
	// Compress says whether copies are made where there are none.
	Compress bool `key:"compress"`
}

// Header is a name with its value.
type Header struct{ Name, Value string }

// CacheRule gives files whose names fit a pattern a Cache-Control. A pattern without a slash is for the last part of the
// name; otherwise it is for the whole name below the directory. See path.Match.
type CacheRule struct{ Match, Value string }

const (
	// FallbackApplication is a Fallback.
	FallbackApplication = "application"
	// ImmutableHashed is one of Immutable.
	ImmutableHashed = "hashed"
)

// NewStatic returns the mapping that PREFIX=DIR means. Below the root, what is no file is the application's.
func NewStatic(prefix, dir string) Static {
	s := Static{
		Prefix: prefix, Dir: dir,
		Index:     []string{"index.html"},
		Immutable: []string{ImmutableHashed},
		Sidecars:  true,
		Compress:  true,
	}
	if prefix == "/" {
		s.Fallback = FallbackApplication
	}
	return s
}

// parseStatic reads PREFIX=DIR.
func parseStatic(text, dir string) (any, error) {
	prefix, path, err := cutMapping(text, "/static/=public")
	if err != nil {
		return nil, err
	}
	return NewStatic(prefix, resolve(path, dir)), nil
}

func formatStatic(value reflect.Value) string {
	static := value.Interface().(Static)
	return static.Prefix + "=" + static.Dir
}
