package nginx

import (
	"path/filepath"
	"slices"
	"strings"
)

const (
	noFiles  = "it names no directory"
	noOne    = "not everybody had these files, and forebay asks nobody who he is: let the application hand them over (x_accel_redirect)"
	inForm   = "what it says has no form here: %s"
	isMapped = "%s is mapped already"
)

// files is a directory with the paths that lead into it, and how it is served.
type files struct {
	l           *location
	prefix, dir string
	from        []*directive
	endings     []string
	// through says that what is no file is the application's, fallback which file answers for it.
	through  bool
	fallback string
	// withoutIndex says that directories have none, and index which they have if it was said.
	withoutIndex bool
	index        []string
}

// takeFiles takes over a location that has files.
func (m *migration) takeFiles(l *location) {
	d := guard(l.scope)
	switch {
	case denied(l.scope):
		m.leave(l.block, groupGone, "nobody had an answer from here: the application is asked now")
		return
	case d != nil:
		m.leave(l.block, groupGrave, "%s (%s: %s)", noOne, placeOf(d), describe(d))
		return
	case l.kind == exact:
		m.takeSingle(l)
		return
	}
	if l.kind == pattern && m.takeEndings(l) {
		return
	}
	for _, f := range m.filesOf(l) {
		if len(l.own("internal")) > 0 {
			m.takeInternal(f)
		} else if reason := m.chooseFallback(&f); reason != "" {
			m.leave(l.block, groupGone, inForm, reason)
		} else if m.hasStatic(f.prefix) {
			m.leave(l.block, groupGone, isMapped, f.prefix)
		} else {
			m.addStatic(f)
		}
	}
	m.leave(l.block, groupGone, noFiles)
}

// filesOf are the directories of a location.
func (m *migration) filesOf(l *location) []files {
	root := l.last("root")
	alias := l.own("alias")
	var found []files
	add := func(prefix, dir string, from *directive, endings []string) {
		if !strings.Contains(dir, "$") && filepath.IsAbs(dir) && isPlain(prefix) {
			found = append(found, files{l: l, prefix: prefix, dir: filepath.Clean(dir), from: []*directive{l.block, from}, endings: endings})
		}
	}
	switch {
	case l.kind == prefix && len(alias) > 0:
		add(slashed(l.path), arg(alias[0], 0), alias[0], nil)
	case root == nil || len(alias) > 0:
	case l.kind == prefix:
		add(slashed(l.path), arg(root, 0)+l.path, root, nil)
	case endingsOf(l.path) != nil:
		add("/", arg(root, 0), root, endingsOf(l.path))
	default:
		for _, branch := range branchesOf(l.path) {
			add(branch, arg(root, 0)+branch, root, nil)
		}
	}
	return found
}

// slashed is a path as the prefix of a directory.
func slashed(path string) string { return strings.TrimSuffix(path, "/") + "/" }

func (m *migration) hasStatic(prefix string) bool { return m.static(prefix) != nil }

// static is the mapping of a prefix, or nil.
func (m *migration) static(prefix string) *table {
	i := slices.IndexFunc(m.tables, func(t *table) bool { return t.kind == "static" && t.keys[0].value == quote(prefix) })
	if i < 0 {
		return nil
	}
	return m.tables[i]
}

// takeInternal maps what only the application may name.
func (m *migration) takeInternal(f files) {
	m.take(f.from...)
	m.take(f.l.own("internal")...)
	t := &table{kind: "x_accel_redirect", why: []string{why(append(f.from, f.l.own("internal")...)...)}}
	t.set("prefix", quote(f.prefix))
	t.set("dir", quote(f.dir))
	m.tables = append(m.tables, t)
}

// chooseFallback reads what answers a path that leads to no file. It returns what cannot be said, if anything.
func (m *migration) chooseFallback(f *files) (reason string) {
	for _, d := range f.l.own("if") { // as it was done before there was try_files
		inner := f.l.enter(d)
		if pass := passOf(inner); pass != nil && strings.Join(d.Args, " ") == "!-f $request_filename" && m.target(pass) == m.app {
			m.take(d)
			m.takeUpstream(pass)
			m.leaveAll(inner.own("break"), groupOwn, "it is the end of the condition")
			f.through, f.withoutIndex = true, true
			f.from = append(f.from, d)
			return ""
		}
	}
	tries := f.l.last("try_files")
	if tries == nil {
		return ""
	}
	f.from = append(f.from, tries)
	return m.readTries(f, tries.Args)
}

// readTries reads try_files.
func (m *migration) readTries(f *files, args []string) (reason string) {
	if len(args) == 0 {
		return "nothing is tried"
	}
	f.withoutIndex = true
	for _, try := range args[:len(args)-1] {
		switch {
		case try == "$uri":
		case try == "$uri/":
			f.withoutIndex = false
		case strings.HasPrefix(try, "$uri/") && !strings.Contains(try[1:], "$"):
			f.withoutIndex = false
			f.index = append(f.index, strings.TrimPrefix(try, "$uri/"))
		default:
			return "it tries " + try
		}
	}
	last := args[len(args)-1]
	path, _, _ := strings.Cut(last, "?")
	path = strings.TrimSuffix(strings.TrimSuffix(path, "$args"), "$is_args")
	switch {
	case strings.HasPrefix(last, "="):
	case strings.HasPrefix(last, "@"):
		if !m.isApp(last) {
			return "what is no file goes to " + last
		}
		f.through = true
	case strings.HasPrefix(path, f.prefix) && path != f.prefix && !strings.Contains(path, "$") && !strings.HasSuffix(path, "/"):
		f.fallback = strings.TrimPrefix(path, f.prefix)
	case last == "$uri/" || last == "$uri":
	default:
		return "what is no file is " + last
	}
	return ""
}

// isApp says whether a named location passes requests to the application.
func (m *migration) isApp(name string) bool {
	return slices.ContainsFunc(m.locations, func(l *location) bool {
		return l.kind == named && l.path == name && passOf(l.scope) != nil && m.target(passOf(l.scope)) == m.app
	})
}

// addStatic makes a [[static]].
func (m *migration) addStatic(f files) {
	m.take(f.from...)
	m.served[f.l] = true
	t := &table{kind: "static", why: []string{why(f.from...)}}
	t.set("prefix", quote(f.prefix))
	t.set("dir", quote(f.dir))
	m.setIndex(t, f)
	switch {
	case f.fallback != "":
		t.set("fallback", quote(f.fallback))
	case f.through && f.prefix != "/":
		t.set("fallback", `"application"`)
	case !f.through && f.prefix == "/" && f.endings == nil:
		t.set("fallback", `""`, "what is no file is not found: the application is not asked")
	}
	m.setNotFound(t, f)
	m.setHeaders(t, f.l.scope)
	m.setCache(t, f.l)
	if f.endings != nil {
		t.set("extensions", quoteAll(f.endings))
	}
	m.leaveAll(append(f.l.own("types"), f.l.own("default_type")...), groupGrave,
		"files have the types of their names here: what strangers have uploaded must not be text/html (types and headers of this [[static]])")
	m.leaveAll(f.l.own("limit_except"), groupOwn, "files answer GET and HEAD, and nothing else")
	if d := f.l.last("autoindex"); isOn(d) {
		m.take(d)
		t.set("autoindex", "true", why(d))
	}
	m.tables = append(m.tables, t)
}

// setIndex says which files stand for directories, where that is not index.html.
func (m *migration) setIndex(t *table, f files) {
	d := f.l.last("index")
	names := f.index
	if d != nil && len(names) == 0 {
		for _, name := range d.Args {
			if !strings.ContainsAny(name, "/$") && !strings.HasSuffix(name, ".php") {
				names = append(names, name)
			}
		}
	}
	switch {
	case f.withoutIndex:
		t.set("index", "[]", "a directory itself is the application's, as nginx looked for files only")
	case len(names) > 0 && !slices.Equal(names, []string{"index.html"}):
		t.set("index", quoteAll(names), why(d))
		if d != nil {
			m.take(d)
		}
	}
}

// setNotFound names the page of 404, if it lies among the files.
func (m *migration) setNotFound(t *table, f files) {
	if f.through || f.fallback != "" {
		return
	}
	for _, d := range f.l.inherited("error_page") {
		page := arg(d, len(d.Args)-1)
		name, below := strings.CutPrefix(page, f.prefix)
		if below && name != "" && !strings.ContainsAny(name, "$?") && slices.Contains(d.Args[:len(d.Args)-1], "404") {
			m.take(d)
			t.set("not_found", quote(name), why(d))
			return
		}
	}
}

// takeServerFiles is about files that the server maps to all paths, without a location for them.
func (m *migration) takeServerFiles() {
	tries, root := m.server.own("try_files"), m.server.last("root")
	if len(tries) == 0 || root == nil || m.hasStatic("/") || guard(m.server) != nil {
		return
	}
	whole := &location{scope: m.server, kind: prefix, path: "/"}
	f := files{l: whole, prefix: "/", dir: filepath.Clean(arg(root, 0)), from: []*directive{root}}
	if strings.Contains(f.dir, "$") || !filepath.IsAbs(f.dir) || m.chooseFallback(&f) != "" {
		return
	}
	m.addStatic(f)
}
