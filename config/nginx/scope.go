package nginx

import (
	"path/filepath"
	"slices"
	"strings"
)

// scope is a block with those around it: http, server, location, location in it.
type scope struct {
	block *directive // nil for the file itself
	body  []*directive
	outer *scope
}

func (s *scope) enter(block *directive) *scope {
	return &scope{block: block, body: block.Block, outer: s}
}

// own are the block's own directives of that name.
func (s *scope) own(name string) []*directive {
	var found []*directive
	for _, d := range s.body {
		if d.Directive == name {
			found = append(found, d)
		}
	}
	return found
}

// inherited are the directives of that name that are in force: of the innermost block that has any, as nginx has it.
func (s *scope) inherited(name string) []*directive {
	for ; s != nil; s = s.outer {
		if found := s.own(name); len(found) > 0 {
			return found
		}
	}
	return nil
}

// last is the one that counts of those, or nil.
func (s *scope) last(name string) *directive {
	found := s.inherited(name)
	if len(found) == 0 {
		return nil
	}
	return found[len(found)-1]
}

// blocks are the block's own blocks of that name.
func (s *scope) blocks(name string) []*scope {
	var found []*scope
	for _, d := range s.own(name) {
		found = append(found, s.enter(d))
	}
	return found
}

// arg is the n-th argument, or nothing.
func arg(d *directive, n int) string {
	if d == nil || n >= len(d.Args) {
		return ""
	}
	return d.Args[n]
}

// isOn says whether a switch is on.
func isOn(d *directive) bool { return arg(d, 0) == "on" }

// describe is a directive in short, as a comment has it.
func describe(d *directive) string {
	const most = 300
	words := []string{d.Directive}
	for _, a := range d.Args {
		if a == "" || strings.ContainsAny(a, " \t;{}#\"") {
			a = `"` + a + `"`
		}
		words = append(words, a)
	}
	text := strings.Join(strings.Fields(strings.Join(words, " ")), " ")
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "..."
	}
	return text
}

// count is how many directives a block has in it.
func count(d *directive) int {
	n := len(d.Block)
	for _, inner := range d.Block {
		n += count(inner)
	}
	return n
}

// placeOf is where a directive stands.
func placeOf(d *directive) place { return place{filepath.Base(d.File), d.Line} }

// why is a directive as a reason for a setting.
func why(ds ...*directive) string {
	var texts []string
	for _, d := range ds {
		if d == nil {
			continue
		}
		if text := placeOf(d).String() + ": " + describe(d); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, "\n")
}
