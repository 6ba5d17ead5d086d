package project

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// largest is what a file of Python may have, in bytes, to be looked at: code that people write is smaller.
const largest = 256 << 10

// module is a file of Python as far as it was looked at.
type module struct {
	// file is its path below the project.
	file string
	// pkg is the dotted name of the package that it is in, or that it is.
	pkg        string
	statements []statement
	// imported are the full names of what was imported, by the names that they have here.
	imported map[string]string
	// stars are the modules all of whose names were imported.
	stars []string
}

// readModule looks at a file. root is the directory that modules are found in; the file's name starts from it.
func readModule(files fs.FS, root, name string) (*module, error) {
	file := path.Join(root, name)
	info, err := fs.Stat(files, file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > largest {
		return nil, fs.ErrInvalid
	}
	source, err := fs.ReadFile(files, file)
	if err != nil {
		return nil, err
	}
	m := &module{
		file: file, pkg: strings.ReplaceAll(strings.TrimPrefix(path.Dir(name), "."), "/", "."),
		statements: scan(strings.TrimPrefix(string(source), "\ufeff")), imported: map[string]string{},
	}
	for _, s := range m.statements {
		m.readImport(s.tokens)
	}
	return m, nil
}

// findModule looks at the module of a dotted name: a file, or a package.
func findModule(files fs.FS, root, name string) (*module, error) {
	base := strings.ReplaceAll(name, ".", "/")
	m, err := readModule(files, root, base+".py")
	if err != nil {
		m, err = readModule(files, root, base+"/__init__.py")
	}
	return m, err
}

// moduleName is the dotted name of a file below the directory that modules are found in.
func moduleName(name string) string {
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".py"), "/__init__")
	return strings.ReplaceAll(name, "/", ".")
}

// readImport notes the names that a statement imports.
func (m *module) readImport(tokens []token) {
	switch {
	case len(tokens) < 2:
	case tokens[0].is("import"):
		for _, item := range splitAt(tokens[1:], ",") {
			name, rest := cutDotted(item)
			if len(rest) == 2 && rest[0].is("as") {
				m.imported[rest[1].text] = name
			}
		}
	case tokens[0].is("from"):
		from, rest := m.cutSource(tokens[1:])
		if len(rest) > 1 && rest[0].is("import") {
			m.readNames(from, rest[1:])
		}
	}
}

// readNames notes names behind "import", which may stand in brackets.
func (m *module) readNames(from string, tokens []token) {
	tokens = slices.DeleteFunc(slices.Clone(tokens), func(t token) bool { return t.is("(") || t.is(")") })
	for _, item := range splitAt(tokens, ",") {
		switch {
		case len(item) == 1 && item[0].is("*"):
			m.stars = append(m.stars, from)
		case len(item) == 1:
			m.imported[item[0].text] = join(from, item[0].text)
		case len(item) == 3 && item[1].is("as"):
			m.imported[item[2].text] = join(from, item[0].text)
		}
	}
}

// cutSource takes the module behind "from": dots at its beginning go up from the package.
func (m *module) cutSource(tokens []token) (from string, rest []token) {
	level := 0
	for len(tokens) > 0 && tokens[0].is(".") {
		level, tokens = level+1, tokens[1:]
	}
	from, rest = cutDotted(tokens)
	if from == "import" { // from . import x
		from, rest = "", tokens
	}
	if level == 0 {
		return from, rest
	}
	parts := strings.Split(m.pkg, ".")
	parts = parts[:max(0, len(parts)-level+1)]
	return join(strings.Join(parts, "."), from), rest
}

// join joins dotted names, of which one may be empty.
func join(pkg, name string) string { return strings.Trim(pkg+"."+name, ".") }

// cutDotted takes a dotted name from the front.
func cutDotted(tokens []token) (name string, rest []token) {
	for len(tokens) > 0 && tokens[0].kind == word {
		name = join(name, tokens[0].text)
		tokens = tokens[1:]
		if len(tokens) < 2 || !tokens[0].is(".") || tokens[1].kind != word {
			break
		}
		tokens = tokens[1:]
	}
	return name, tokens
}

// splitAt parts tokens at an operator that stands outside of brackets.
func splitAt(tokens []token, separator string) [][]token {
	var parts [][]token
	depth, start := 0, 0
	for i, t := range tokens {
		switch {
		case t.is("(") || t.is("[") || t.is("{"):
			depth++
		case t.is(")") || t.is("]") || t.is("}"):
			depth--
		case depth == 0 && t.is(separator):
			parts = append(parts, tokens[start:i])
			start = i + 1
		}
	}
	return append(parts, tokens[start:])
}

// assignment is a name with the value that it gets.
type assignment struct {
	name   string
	indent int
	value  []token
}

// assignments are those of single names, such as a = b = c, and a: int = c.
func (m *module) assignments() []assignment {
	var all []assignment
	for _, s := range m.statements {
		parts := splitAt(s.tokens, "=")
		value := parts[len(parts)-1]
		for _, target := range parts[:len(parts)-1] {
			if len(target) == 1 && target[0].kind == word || len(target) > 1 && target[1].is(":") {
				all = append(all, assignment{target[0].text, s.indent, value})
			}
		}
	}
	return all
}

// call is what a value calls: its full name, and its arguments.
type call struct {
	function  string
	arguments [][]token
}

// callOf takes a value apart that calls something by a dotted name.
func (m *module) callOf(value []token) (call, bool) {
	name, rest := cutDotted(value)
	inside, _, ok := cutBracket(rest, "(")
	if name == "" || !ok {
		return call{}, false
	}
	return call{m.fullName(name), splitAt(inside, ",")}, true
}

// cutBracket takes what stands in brackets from the front.
func cutBracket(tokens []token, opening string) (inside, rest []token, ok bool) {
	if len(tokens) == 0 || !tokens[0].is(opening) {
		return nil, tokens, false
	}
	depth := 0
	for i, t := range tokens {
		switch {
		case t.is("(") || t.is("[") || t.is("{"):
			depth++
		case t.is(")") || t.is("]") || t.is("}"):
			depth--
		}
		if depth == 0 {
			return tokens[1:i], tokens[i+1:], true
		}
	}
	return nil, tokens, false
}

// fullName is a dotted name with what was imported under its first part.
func (m *module) fullName(name string) string {
	first, rest, _ := strings.Cut(name, ".")
	if full := m.imported[first]; full != "" {
		return join(full, rest)
	}
	return name
}

// named is an argument that is given by its name.
func (c call) named(name string) (value []token, given bool) {
	for _, argument := range c.arguments {
		if len(argument) > 2 && argument[0].is(name) && argument[1].is("=") {
			return argument[2:], true
		}
	}
	return nil, false
}

// plainText is the text that a value is, if it is one and no more.
func plainText(value []token) (string, bool) {
	if len(value) != 1 || value[0].kind != text || !value[0].plain {
		return "", false
	}
	return value[0].text, true
}

// function is one that is defined at the top of a module.
type function struct {
	name string
	// wants are the parameters that have no default.
	wants []string
	// begin and end are the indices of the statements of its body, and of the first one behind.
	begin, end int
}

// functions are those of the module.
func (m *module) functions() []function {
	var all []function
	for i, s := range m.statements {
		if s.indent == 0 && len(s.tokens) > 3 && s.tokens[0].is("def") {
			f := function{name: s.tokens[1].text, wants: wanted(s.tokens[2:]), begin: i + 1, end: i + 1}
			for f.end < len(m.statements) && m.statements[f.end].indent > 0 {
				f.end++
			}
			all = append(all, f)
		}
	}
	return all
}

// wanted are the parameters that must be given, in what stands behind the function's name.
func wanted(tokens []token) []string {
	if _, rest, generic := cutBracket(tokens, "["); generic { // PEP 695
		tokens = rest
	}
	inside, _, _ := cutBracket(tokens, "(")
	var names []string
	for _, parameter := range splitAt(inside, ",") {
		if len(parameter) > 0 && parameter[0].kind == word && len(splitAt(parameter, "=")) == 1 {
			names = append(names, parameter[0].text)
		}
	}
	return names
}
