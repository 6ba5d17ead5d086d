package project

import (
	"strings"
)

// A tokenKind is what a piece of Python is.
type tokenKind uint8

// The kinds of tokens. Numbers are words, too.
const (
	word tokenKind = iota
	text
	operator
)

// token is a piece of Python. That of a text is what stands between its quotes.
type token struct {
	kind tokenKind
	text string
	// plain says that a text is what it looks like: it has no escapes, and nothing that is computed.
	plain bool
}

// is says whether the token is that word or operator.
func (t token) is(text string) bool { return t.text == text && (t.kind == word || t.kind == operator) }

// statement is a logical line: what is within brackets, or behind a backslash at a line's end, goes on.
type statement struct {
	line, indent int
	tokens       []token
}

// scan takes Python apart as far as it is needed to see who is called and what is assigned. It is not particular: what is no
// Python gives statements that nobody looks for.
func scan(source string) []statement {
	s := scanner{rest: source, line: 1}
	for s.rest != "" {
		s.next()
	}
	s.end()
	return s.found
}

type scanner struct {
	rest  string
	line  int
	depth int // of brackets
	// begun says that the statement has its indentation.
	begun   bool
	current statement
	found   []statement
}

// next takes the next piece, which may be blank.
func (s *scanner) next() {
	c := s.rest[0]
	switch {
	case c == '\n':
		s.skip(1)
		if s.depth == 0 {
			s.end()
		}
	case strings.HasPrefix(s.rest, "\\\n"):
		s.skip(2)
	case strings.HasPrefix(s.rest, "\\\r\n"):
		s.skip(3)
	case c == ' ' || c == '\t' || c == '\r' || c == '\f':
		if !s.begun && len(s.current.tokens) == 0 && c != '\r' {
			s.current.indent++
		}
		s.skip(1)
	case c == '#':
		s.skip(lineLength(s.rest))
	case c == '"' || c == '\'':
		s.add(s.cutText(""))
	case isWordByte(c):
		n := wordLength(s.rest)
		prefix := s.rest[:n]
		s.skip(n)
		if s.rest != "" && (s.rest[0] == '"' || s.rest[0] == '\'') && isTextPrefix(prefix) {
			s.add(s.cutText(strings.ToLower(prefix)))
		} else {
			s.add(token{word, prefix, false})
		}
	case c == ';' && s.depth == 0:
		indent := s.current.indent
		s.skip(1)
		s.end()
		s.current.indent, s.begun = indent, true
	default:
		s.cutOperator(c)
	}
}

// skip leaves n bytes behind.
func (s *scanner) skip(n int) {
	s.line += strings.Count(s.rest[:n], "\n")
	s.rest = s.rest[n:]
}

func (s *scanner) add(t token) {
	if len(s.current.tokens) == 0 {
		s.current.line = s.line
	}
	s.current.tokens = append(s.current.tokens, t)
}

// end ends the statement, if one has begun.
func (s *scanner) end() {
	if len(s.current.tokens) > 0 {
		s.found = append(s.found, s.current)
	}
	s.current, s.begun, s.depth = statement{}, false, 0
}

// cutOperator takes an operator. Those that hold an equals sign are one, so that a single one is an assignment.
func (s *scanner) cutOperator(c byte) {
	n := 1
	if len(s.rest) > 1 && s.rest[1] == '=' && strings.IndexByte("=!<>+-*/%&|^@:", c) >= 0 {
		n = 2
	}
	switch c {
	case '(', '[', '{':
		s.depth++
	case ')', ']', '}':
		s.depth = max(0, s.depth-1)
	}
	s.add(token{operator, s.rest[:n], false})
	s.skip(n)
}

// cutText takes a text whose prefix is cut already.
func (s *scanner) cutText(prefix string) token {
	quote := s.rest[:1]
	if strings.HasPrefix(s.rest, strings.Repeat(quote, 3)) {
		quote = strings.Repeat(quote, 3)
	}
	n := textLength(s.rest[len(quote):], quote, strings.ContainsAny(prefix, "ft"), 0)
	value := s.rest[len(quote) : len(quote)+n]
	closed := strings.HasPrefix(s.rest[len(quote)+n:], quote)
	s.skip(len(quote) + n)
	if closed {
		s.skip(len(quote))
	}
	computed := strings.ContainsAny(prefix, "ftb") || !strings.Contains(prefix, "r") && strings.Contains(value, `\`)
	return token{text, value, closed && !computed}
}

// deepest is how deeply texts may stand in each other's braces; Python itself allows no more than 150.
const deepest = 150

// textLength is how long a text is up to its closing quote. In braces of a computed one there may be further texts, since
// Python 3.12 with the same quotes. One that is not closed ends with its line.
func textLength(rest, quote string, computed bool, depth int) int {
	braces := 0
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '\\' && braces == 0:
			i++
		case c == '\n' && len(quote) == 1:
			return i
		case braces == 0 && strings.HasPrefix(rest[i:], quote):
			return i
		case computed && c == '{' && braces == 0 && strings.HasPrefix(rest[i:], "{{"):
			i++
		case computed && c == '{':
			braces++
		case computed && c == '}':
			braces = max(0, braces-1)
		case braces > 0 && (c == '"' || c == '\'') && depth < deepest:
			i += 1 + textLength(rest[i+1:], string(c), true, depth+1)
		}
	}
	return len(rest)
}

func isTextPrefix(word string) bool {
	return len(word) <= 2 && strings.Trim(strings.ToLower(word), "rbuft") == ""
}

// isWordByte says whether names and numbers may have it. What is beyond ASCII is taken for letters.
func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80
}

func wordLength(rest string) int {
	n := 0
	for n < len(rest) && isWordByte(rest[n]) {
		n++
	}
	return n
}

func lineLength(rest string) int {
	if n := strings.IndexByte(rest, '\n'); n >= 0 {
		return n
	}
	return len(rest)
}
