package config

import (
	"fmt"
	"regexp"
	"strings"
)

// Quote is a text as TOML has it: a basic string.
func Quote(text string) string {
	var quoted strings.Builder
	quoted.WriteByte('"')
	for _, r := range strings.ToValidUTF8(text, "\uFFFD") {
		switch {
		case r == '"' || r == '\\':
			quoted.WriteByte('\\')
			quoted.WriteRune(r)
		case r < ' ' || r == 0x7F:
			fmt.Fprintf(&quoted, `\u%04X`, r)
		default:
			quoted.WriteRune(r)
		}
	}
	quoted.WriteByte('"')
	return quoted.String()
}

// QuoteAll is an array of texts.
func QuoteAll(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = Quote(text)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

var plainNumber = regexp.MustCompile(`^-?(0|[1-9]\d{0,17})$`)

// TOML is what a file gives the setting to have the value of texts.
func (s Setting) TOML(texts []string) string {
	switch text := strings.Join(texts, ""); {
	case s.IsList():
		return QuoteAll(texts)
	case s.kind.truth, s.kind.number && plainNumber.MatchString(text):
		return text
	default:
		return Quote(text)
	}
}
