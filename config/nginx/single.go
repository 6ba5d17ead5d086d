package nginx

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// apart is the directory that is proposed for single files. It has to have nothing else in it: all of it is public.
	apart = "/srv/single-files"

	unknownFile = "a [[static]] is for a directory, and which file this was cannot be told: the application is asked for it"
	internFile  = "only nginx itself asked for this file: the application is asked now"
	copyApart   = "a [[static]] is for a directory: copy %s to %s and take the comment away from the [[static]] of /, until then the application is asked for it"
	copyInto    = "a [[static]] is for a directory: copy %s to %s and take its path out of except in the [[static]] of /, until then the application is asked for it"
	otherEnding = "a [[static]] is for a directory, and that of / for other endings: the application is asked for it, and can send browsers to where %s is served"
)

// single is a location for one file.
type single struct {
	l    *location
	file string // "" where nobody knows
}

// takeSingle keeps a location of one file until all mappings are there.
func (m *migration) takeSingle(l *location) {
	if slices.ContainsFunc(l.inherited("error_page"), func(d *directive) bool { return slices.Contains(d.Args, l.path) }) {
		m.served[l] = true
		m.leave(l.block, groupGone, "errors have forebay's own pages, or those of the application")
		return
	}
	m.singles = append(m.singles, single{l, fileOf(l)})
}

// findSingles is about those that lie in a directory which is mapped, where the mapping has them, too.
func (m *migration) findSingles() {
	m.singles = slices.DeleteFunc(m.singles, func(s single) bool {
		t := m.mappingOf(s.l.path)
		if t == nil || !t.has(s) {
			return false
		}
		m.served[s.l] = true
		m.addOwnCache(t, s)
		m.leave(s.l.block, groupOwn, "it is one of the files below %s", t.text("prefix"))
		return true
	})
}

// fileOf is the file of a location for one, or nothing: what a name with a dot in front leads to is none to forebay. For a
// path that ends with a slash it is a directory, or the index in it.
func fileOf(l *location) string {
	name := l.path
	tries, alias := l.own("try_files"), l.own("alias")
	if len(tries) > 0 {
		name = strings.ReplaceAll(arg(tries[0], 0), "$uri", l.path)
	}
	file := strings.TrimSuffix(arg(l.last("root"), 0), "/") + name
	if len(alias) > 0 {
		file = arg(alias[0], 0)
	}
	switch {
	case len(l.own("internal"))+len(l.own("rewrite"))+len(l.own("if")) > 0, len(alias) > 0 && len(tries) > 0:
		return ""
	case len(alias) == 0 && l.last("root") == nil, strings.Contains(file, "$"), !filepath.IsAbs(file):
		return ""
	case strings.HasSuffix(file, "/") && !strings.HasSuffix(l.path, "/"), !isPlain(l.path), isDotted(l.path):
		return ""
	case path.Clean(l.path) != "/"+strings.Trim(l.path, "/"):
		return ""
	}
	return filepath.Clean(file)
}

// isDotted says whether a path has a name that begins with a dot, other than that for what everybody may know.
func isDotted(path string) bool {
	return strings.Contains(strings.ReplaceAll(path, "/.well-known/", "/"), "/.")
}

// addOwnCache says how long the file may be kept if its location does. Others of that name in directories below are kept
// for as long: a rule cannot tell them apart.
func (m *migration) addOwnCache(t *table, s single) {
	name := strings.TrimPrefix(s.l.path, t.text("prefix"))
	value, said := m.cacheOf(s.l.scope)
	isOwn := slices.ContainsFunc(said, func(d *directive) bool { return slices.Contains(s.l.body, d) })
	if value == "" || !isOwn || s.isIndex() || strings.ContainsAny(name, `[\`) { // the two would make it a pattern
		return
	}
	m.take(said...)
	t.addRules([]cacheRule{{name, value}}, why(append([]*directive{s.l.block}, said...)...))
}

// mappingOf is the mapping with the longest prefix that a path begins with, or nil.
func (m *migration) mappingOf(path string) *table {
	var best *table
	for _, t := range m.tables {
		if t.kind == "static" && strings.HasPrefix(path, t.text("prefix")) && (best == nil || len(t.text("prefix")) > len(best.text("prefix"))) {
			best = t
		}
	}
	return best
}

// has says whether the path of a single file leads to it by a mapping.
func (t *table) has(s single) bool {
	file := filepath.Join(t.text("dir"), strings.TrimPrefix(s.l.path, t.text("prefix")))
	if s.isIndex() {
		return t.takes(s) && t.value("index") != "[]" && (s.file == file || s.file == filepath.Join(file, "index.html"))
	}
	return t.takes(s) && s.file == file
}

// isIndex says whether it is the path of a directory.
func (s single) isIndex() bool { return strings.HasSuffix(s.l.path, "/") }

// takes says whether the endings of a mapping are for a file.
func (t *table) takes(s single) bool {
	endings := t.value("extensions")
	return endings == "" || strings.Contains(endings, quote(strings.ToLower(strings.TrimPrefix(path.Ext(s.l.path), "."))))
}

// leaveSingles says what to do for files that no mapping has, and proposes a mapping for them if there is none of /. It
// goes last, when all others are there.
func (m *migration) leaveSingles() {
	whole, proposed := m.static("/"), proposal{table: &table{kind: "static", asleep: true}}
	proposed.set("prefix", quote("/"))
	proposed.set("dir", quote(apart))
	for _, s := range m.singles {
		switch {
		case len(s.l.own("internal")) > 0:
			m.leave(s.l.block, groupGone, internFile)
		case s.file == "" || s.isIndex():
			m.leave(s.l.block, groupGone, unknownFile)
		case whole == nil:
			m.addOwnCache(proposed.table, s)
			m.leave(s.l.block, groupGone, copyApart, s.file, proposed.add(s))
		case !whole.takes(s):
			m.leave(s.l.block, groupGone, otherEnding, s.file)
		default:
			m.addOwnCache(whole, s)
			m.leave(s.l.block, groupGone, copyInto, s.file, filepath.Join(whole.text("dir"), s.l.path))
		}
	}
	if len(proposed.from) > 0 {
		proposed.why = []string{why(proposed.from...), proposing + strings.Join(proposed.copies, "\n")}
		m.tables = append(m.tables, proposed.table)
	}
}

// proposal is a mapping for single files.
type proposal struct {
	*table
	from   []*directive
	copies []string // what to copy where
}

const proposing = "A [[static]] is for a directory, and everything in it is public. For single files make one that has nothing else in it,\n" +
	"copy them there, and take the comment away. What is none of them stays the application's:\n"

// add takes a file in, and returns where it has to lie.
func (p *proposal) add(s single) string {
	target := filepath.Join(apart, s.l.path)
	p.from = append(p.from, s.l.block)
	p.copies = append(p.copies, fmt.Sprintf("  %s as %s", s.file, target))
	return target
}
