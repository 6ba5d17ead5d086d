package project

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// shown are statements in one line each: the line, the indentation, and the tokens; a text that is plain is in <>.
func shown(statements []statement) []string {
	var lines []string
	for _, s := range statements {
		words := make([]string, len(s.tokens))
		for i, t := range s.tokens {
			switch {
			case t.kind != text:
				words[i] = t.text
			case t.plain:
				words[i] = "<" + t.text + ">"
			default:
				words[i] = "?"
			}
		}
		lines = append(lines, fmt.Sprintf("%d/%d %s", s.line, s.indent, strings.Join(words, " ")))
	}
	return lines
}

func TestScan(t *testing.T) {
	cases := map[string]struct {
		source string
		want   []string
	}{
		"statements":              {"a = 1\n\nif b:\n    c == d; e += 2\n", []string{"1/0 a = 1", "3/0 if b :", "4/4 c == d", "4/4 e += 2"}},
		"comments":                {"# a\nb # c = 'd\n  # e\nf", []string{"2/0 b", "4/0 f"}},
		"brackets go on":          {"a = f(1,\n  [2,\n\n3]) # x\nb", []string{"1/0 a = f ( 1 , [ 2 , 3 ] )", "5/0 b"}},
		"a backslash goes on":     {"a = \\\n  b\nc = \\\r\n d", []string{"1/0 a = b", "3/0 c = d"}},
		"texts":                   {`a = "x" 'y' r"\d" b'z' f"{a}" "\n" u'ü'`, []string{`1/0 a = <x> <y> <\d> ? ? ? <ü>`}},
		"long texts":              {"a = '''b\n\"c\" ''d'''\ne", []string{"1/0 a = <b\n\"c\" ''d>", "3/0 e"}},
		"a text in a text":        {`a = f"{b["c"]} {{ {d!r:>{w}}" ; e`, []string{"1/0 a = ?", "1/0 e"}},
		"a text that is not shut": {"a = 'b\nc = \"\"\"d\ne", []string{"1/0 a = ?", "2/0 c = ?"}},
		"an escaped quote":        {`a = 'it\'s' ; b = '\\'`, []string{"1/0 a = ?", "1/0 b = ?"}},
		"too many brackets":       {"a))\nb", []string{"1/0 a ) )", "2/0 b"}},
		"nothing":                 {"\n \n\t", nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, shown(scan(c.source))) })
	}
}

// FuzzScan: whatever a file has, it is taken apart, and nothing of it is taken twice.
func FuzzScan(f *testing.F) {
	f.Add("from flask import Flask\napp = Flask(__name__)\n")
	f.Add("f'{a['b']!r:{c}}' \"\"\"\\\n'''")
	f.Add("def f[T](a, *b, c=(1, 2), **d) -> x: ...\n\tif a:\\\r\n  b")
	f.Add("from ... import (a as b, *)\nimport a.b as c; x: y = z = w(")
	f.Fuzz(func(t *testing.T, source string) {
		length := 0
		for _, s := range scan(source) {
			for _, token := range s.tokens {
				length += len(token.text)
			}
		}
		assert.LessOrEqual(t, length, len(source))
		Find(tree(map[string]string{
			"wsgi.py": source, "manage.py": source + "\nX['DJANGO_SETTINGS_MODULE'] = 'settings'", "settings.py": source, "Procfile": source, ".env": source,
		}))
		Find(tree(map[string]string{"wsgi.py": source, "app/__init__.py": source, "Procfile": "gunicorn " + source}))
	})
}
