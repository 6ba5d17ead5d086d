package config

import (
	"fmt"
	"iter"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
)

// staticKey is the key of the mappings of static files.
const staticKey = "static"

// staticOption is what a [[static]] may say beside prefix and dir. Its key is that of Static's field.
type staticOption struct {
	key, metavar, help string
	optionKind
}

// optionKind is how the values of one sort of option are read and shown.
type optionKind struct {
	// read makes the field's value of what a file gives.
	read func(value any) (any, error)
	// text shows it.
	text func(value any) string
	// schema is what a file may give.
	schema schema
}

var (
	nameOption      = optionKind{readName, plainText, schema{Type: "string"}}
	namesOption     = optionKind{readNames, namesText, listSchema(schema{Type: "string"})}
	filesOption     = optionKind{readNamesAs(unrooted), namesText, listSchema(schema{Type: "string"})}
	extensionOption = optionKind{readNamesAs(extension), namesText, listSchema(schema{Type: "string"})}
	headersOption   = optionKind{readHeaders, pairsText, schema{Type: "object", Additional: schema{Type: "string"}}}
	typesOption     = optionKind{readTypes, pairsText, schema{Type: "object", Additional: schema{Type: "string", Pattern: "/"}}}
	rulesOption     = optionKind{readRules, rulesText, schema{Type: "array", Items: &ruleSchema}}
	switchOption    = optionKind{readSwitch, switchText, schema{Type: "boolean"}}
)

// staticOptions are all of them, in the order of the documentation.
var staticOptions = []staticOption{
	{"except", "[PATH, ...]", "paths that begin so are not of this mapping, though they begin with its prefix", namesOption},
	{"only", "[NAME, ...]", "the mapping is for these files alone, such as `favicon.ico` of a directory with others in it; other paths are as if it were not there", filesOption},
	{"index", "[NAME, ...]", "files that stand for the directory they lie in; `[\"index.html\"]` where nothing is said", namesOption},
	{"fallback", "NAME", "what answers a path that leads to no file: a file, for a single-page application, or `application`, which it is for the prefix `/`", nameOption},
	{"not_found", "NAME", "the file that is the page of 404", nameOption},
	{"headers", "{NAME = VALUE, ...}", "further fields of the answers", headersOption},
	{"cache", "[{match = PATTERN, value = VALUE}, ...]", "the Cache-Control of files by their names; `no-cache` where none fits: a copy is kept, and asked about before it is used", rulesOption},
	{"immutable", "[PATTERN, ...]", "files that never change, and may be kept for a year; `[\"hashed\"]` where nothing is said: names that Django, webpack and Vite make of the contents", namesOption},
	{"types", "{EXTENSION = TYPE, ...}", "media types, where those that forebay knows are not right", typesOption},
	{"extensions", "[EXTENSION, ...]", "only files whose names end so, an index too; what `fallback` and `not_found` name is sent whatever its name", extensionOption},
	{"autoindex", "true, false", "list directories without an index, as a page or as JSON; `false` where nothing is said", switchOption},
	{"hidden", "true, false", "serve names that begin with a dot; `.well-known` always is, others are not where nothing is said", switchOption},
	{"sidecars", "true, false", "send the compressed copies that lie beside files (`.br`, `.zst`, `.gz`); `true` where nothing is said", switchOption},
	{"compress", "true, false", "compress files in memory that have no such copy; `true` where nothing is said", switchOption},
}

// mappingKeys are what every entry of a list of mappings has.
var mappingKeys = []Setting{
	{Key: "prefix", Metavar: "PATH", Help: "the paths that begin so, with a slash at both ends", kind: textKind.like(mappingPattern)},
	{Key: "dir", Metavar: "DIR", Help: "where the files lie", kind: dirKind},
}

func findStaticOption(key string) (staticOption, bool) {
	i := slices.IndexFunc(staticOptions, func(o staticOption) bool { return o.key == key })
	if i < 0 {
		return staticOption{}, false
	}
	return staticOptions[i], true
}

// field is the field of s whose tag is key.
func (s *Static) field(key string) reflect.Value {
	for info, field := range reflect.ValueOf(s).Elem().Fields() {
		if info.Tag.Get("key") == key {
			return field
		}
	}
	panic(fmt.Sprintf("no field of config.Static has the key %q", key)) // a test compares the table with the struct
}

// key is what origins and faults call an option of s.
func (s Static) key(name string) string { return fmt.Sprintf("%s %q: %s", staticKey, s.Prefix, name) }

// Said are the keys and values of the options that differ from those of PREFIX=DIR, in the order of the documentation.
// The keys are those of Reading's Origins.
func (s Static) Said() iter.Seq2[string, string] {
	usual := NewStatic(s.Prefix, s.Dir)
	return func(yield func(key, value string) bool) {
		for _, option := range staticOptions {
			value := s.field(option.key).Interface()
			if reflect.DeepEqual(value, usual.field(option.key).Interface()) {
				continue
			}
			if !yield(s.key(option.key), option.text(value)) {
				return
			}
		}
	}
}

func readSwitch(value any) (any, error) {
	if on, ok := value.(bool); ok {
		return on, nil
	}
	return nil, fmt.Errorf("want true or false, not %v", value)
}

// readName takes a leading slash for the mapping's own.
func readName(value any) (any, error) {
	if name, ok := value.(string); ok {
		return unrooted(name), nil
	}
	return nil, fmt.Errorf("want text in quotes, not %v", value)
}

func readNames(value any) (any, error) {
	if one, ok := value.(string); ok {
		return []string{one}, nil
	}
	elements, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("want an array of texts, not %v", value)
	}
	names := make([]string, len(elements))
	for i, element := range elements {
		if names[i], ok = element.(string); !ok {
			return nil, fmt.Errorf("want text in quotes, not %v", element)
		}
	}
	return names, nil
}

// readNamesAs is readNames for names each of which is taken for another text.
func readNamesAs(taken func(name string) string) func(value any) (any, error) {
	return func(value any) (any, error) {
		read, err := readNames(value)
		if err != nil {
			return nil, err
		}
		names := read.([]string)
		for i, name := range names {
			names[i] = taken(name)
		}
		return names, nil
	}
}

// unrooted takes a leading slash for the mapping's own.
func unrooted(name string) string { return strings.TrimPrefix(name, "/") }

// extension is how the ending of a name is compared: without the dot, in lower case.
func extension(ending string) string { return strings.ToLower(strings.TrimPrefix(ending, ".")) }

func readTypes(value any) (any, error) {
	read, err := readHeaders(value)
	if err != nil {
		return nil, err
	}
	types := read.([]Header)
	for i := range types {
		types[i].Name = extension(types[i].Name)
	}
	return types, nil
}

// readHeaders reads a table of texts. It has no order, so the names are sorted.
func readHeaders(value any) (any, error) {
	table, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("want a table of texts, not %v", value)
	}
	var headers []Header
	for _, name := range slices.Sorted(maps.Keys(table)) {
		text, ok := table[name].(string)
		if !ok {
			return nil, fmt.Errorf("%s: want text in quotes, not %v", name, table[name])
		}
		headers = append(headers, Header{name, text})
	}
	return headers, nil
}

func readRules(value any) (any, error) {
	elements, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("want an array of {match, value}, not %v", value)
	}
	var rules []CacheRule
	for _, element := range elements {
		table, _ := element.(map[string]any)
		match, isMatch := table["match"].(string)
		text, isText := table["value"].(string)
		if !isMatch || !isText || len(table) > 2 {
			return nil, fmt.Errorf("want {match = \"*.html\", value = \"max-age=60\"}, not %v", element)
		}
		rules = append(rules, CacheRule{match, text})
	}
	return rules, nil
}

func plainText(value any) string  { return value.(string) }
func namesText(value any) string  { return strings.Join(value.([]string), ",") }
func switchText(value any) string { return fmt.Sprint(value) }

func pairsText(value any) string {
	var texts []string
	for _, header := range value.([]Header) {
		texts = append(texts, header.Name+": "+header.Value)
	}
	return strings.Join(texts, "; ")
}

func rulesText(value any) string {
	var texts []string
	for _, rule := range value.([]CacheRule) {
		texts = append(texts, rule.Match+": "+rule.Value)
	}
	return strings.Join(texts, "; ")
}

// checkStatic looks at the options of one mapping.
func (f *Faults) checkStatic(s Static) {
	for _, name := range s.Index {
		if strings.Contains(name, "/") || !isFileName(name) {
			f.add(s.key("index"), Origin{}, "want the name of a file, not %q", name)
		}
	}
	for _, path := range s.Except {
		if !strings.HasPrefix(path, s.Prefix) || path == s.Prefix {
			f.add(s.key("except"), Origin{}, "want the beginning of a path below %s, not %q", s.Prefix, path)
		}
	}
	for _, name := range s.Only {
		if !isFileName(name) {
			f.add(s.key("only"), Origin{}, "want the name of a file below the directory, not %q", name)
		}
	}
	f.checkFileName(s.key("fallback"), s.Fallback)
	f.checkFileName(s.key("not_found"), s.NotFound)
	f.checkFields(s)
	for _, rule := range s.Cache {
		f.checkPattern(s.key("cache"), rule.Match)
		if hasControl(rule.Value) || rule.Value == "" {
			f.add(s.key("cache"), Origin{}, "want a Cache-Control, such as \"max-age=60\", not %q", rule.Value)
		}
	}
	for _, pattern := range s.Immutable {
		f.checkPattern(s.key("immutable"), pattern)
	}
}

// checkFields looks at what becomes fields of answers.
func (f *Faults) checkFields(s Static) {
	for _, header := range s.Headers {
		switch {
		case !isToken(header.Name) || hasControl(header.Value):
			f.add(s.key("headers"), Origin{}, "want the name and the value of a field, not %q = %q", header.Name, header.Value)
		case slices.Contains(ownFields, strings.ToLower(header.Name)):
			f.add(s.key("headers"), Origin{}, "%s is for forebay to say", header.Name)
		}
	}
	for _, typ := range s.Types {
		if typ.Name == "" || !strings.Contains(typ.Value, "/") || hasControl(typ.Value) {
			f.add(s.key("types"), Origin{}, "want an extension and a media type, such as wasm = \"application/wasm\", not %q = %q", typ.Name, typ.Value)
		}
	}
}

// ownFields are those of which only the server knows the value.
var ownFields = []string{
	"accept-ranges", "cache-control", "connection", "content-encoding", "content-length", "content-range", "content-type", "date", "etag",
	"keep-alive", "last-modified", "server", "trailer", "transfer-encoding", "upgrade",
}

func (f *Faults) checkFileName(key, name string) {
	if name != "" && !isFileName(name) {
		f.add(key, Origin{}, "want the name of a file below the directory, not %q", name)
	}
}

func (f *Faults) checkPattern(key, pattern string) {
	if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
		f.add(key, Origin{}, "want a pattern such as \"*.html\" or \"assets/*\", not %q", pattern)
	}
}

// isFileName reports whether a file below a directory can have that name.
func isFileName(name string) bool {
	return name != "" && name != "." && name != ".." && path.Clean("/"+name) == "/"+name && !hasControl(name)
}

// isToken reports whether s can be the name of a field (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	const letters = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return s != "" && strings.Trim(s, letters) == ""
}

// hasControl reports whether s has a byte that no field value can have.
func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7F })
}
