package config

import (
	"maps"
	"slices"
	"strings"
)

// What texts look like that kinds of settings take, for kind.pattern. Each takes whatever is read, and leaves out what is
// plainly something else; what is read in the end, the kind's parse decides.
const (
	number          = `([0-9]+\.?[0-9]*|\.[0-9]+)`
	countPattern    = `^[+-]?[0-9]+$`
	partPattern     = `^\+?` + number + `([eE][+-]?[0-9]+)?$`
	sizePattern     = `^\+?[0-9]+ *([kKmMgG]([iI]?[bB])?|[bB])? *$`
	durationPattern = `^\+?(` + number + `([eE][+-]?[0-9]+)?|(` + number + `(ns|us|µs|μs|ms|s|m|h))+)$`
	octalPattern    = `^(-1|(0o)?0*[0-7]{1,3})$`
	pairPattern     = `^[^=]+=`
	mountPattern    = `^(/[\s\S]*[^/])?$`
	// Of a [[path]], of a mapping, and of a limit's paths.
	prefixPattern  = `^/[^?#*]*$`
	mappingPattern = `^/([^=]*/)?$`
	pathsPattern   = `^(/[^?#]*)?$`
)

var (
	switchPattern = `^(` + anyCase("true", "false") + `|0|1)$`
	levelPattern  = `^(` + anyCase(append(slices.Clone(levels), "warning", "critical")...) + `)$`
)

// anyCase is one of some words, in small letters or capitals: ECMA-262 has no way to say so.
func anyCase(words ...string) string {
	var text strings.Builder
	for i, word := range words {
		if i > 0 {
			text.WriteByte('|')
		}
		for _, letter := range word {
			text.WriteString("[" + string(letter) + strings.ToUpper(string(letter)) + "]")
		}
	}
	return text.String()
}

// limitKeyPattern is made of the sources that there are.
func limitKeyPattern() string {
	var sources []string
	for _, kind := range slices.Sorted(maps.Keys(keyKinds)) {
		source := string(kind)
		if keyKinds[kind] {
			source += ":[!#$%&'*.^_`~0-9A-Za-z-]+" // a token (RFC 9110, section 5.6.2), without what parts sources
		}
		sources = append(sources, source)
	}
	one := `\s*(` + strings.Join(sources, "|") + `)\s*`
	return `^` + one + `([+|]` + one + `)*$`
}
