package nginx

import (
	"slices"
	"strings"
)

// keepOut takes out of each mapping what nginx had other locations for. Below a directory that is mapped may lie what went
// to the application, what nobody could have, or what somebody had to have a password for.
func (m *migration) keepOut() {
	for _, keep := range []func(*table){m.putAside, m.except} {
		for _, t := range m.tables {
			if t.kind == "static" {
				keep(t)
			}
		}
	}
}

// except leaves paths below a mapping to the application.
func (m *migration) except(t *table) {
	own := t.keys[0].value
	var paths []string
	var from []*directive
	for _, l := range m.locations {
		if l.kind == named || m.served[l] && !m.isAside(l) {
			continue
		}
		branches := []string{l.path}
		if l.kind == pattern {
			branches = branchesOf(l.path)
		}
		for _, path := range branches {
			switch {
			case !isPlain(path) || !strings.HasPrefix(quote(path), strings.TrimSuffix(own, `"`)):
			case quote(path) != own:
				paths = append(paths, path)
				from = append(from, l.block)
			case l.kind == exact:
				m.withoutIndex(t, l)
			}
		}
	}
	if len(paths) > 0 {
		t.keys = slices.Insert(t.keys, 2, setting{key: "except", value: quoteAll(paths), why: []string{why(from...)}})
	}
}

// isAside says whether the mapping of a location is a comment.
func (m *migration) isAside(l *location) bool {
	t := m.static(slashed(l.path))
	return l.kind == prefix && t != nil && t.asleep
}

// withoutIndex leaves the path of a mapping itself to the application: it is a file's only as long as there is an index.
func (m *migration) withoutIndex(t *table, l *location) {
	t.keys = slices.DeleteFunc(t.keys, func(s setting) bool { return s.key == "index" })
	t.set("index", "[]", why(l.block))
}

// putAside makes a comment of a mapping if some of its files were kept from people by an expression: a mapping has nothing
// against that.
func (m *migration) putAside(t *table) {
	for _, l := range m.locations {
		if l.kind != pattern || m.served[l] || branchesOf(l.path) != nil || !keepsFrom(l) || !m.mayBeAsked(t, l) {
			continue
		}
		t.asleep = true
		t.why = append(t.why, "Put aside: some of these files were not for everybody, and all of them would be:\n"+why(l.block))
		m.note(l.block, groupGrave, "the mapping of %s is a comment for this reason: take such files out of %s, and then the comment away", strings.Trim(t.keys[0].value, `"`), strings.Trim(t.keys[1].value, `"`))
		return
	}
}

// keepsFrom says whether a location keeps anybody from something, or asks somebody else for it.
func keepsFrom(l *location) bool {
	return guard(l.scope) != nil || len(l.own("return"))+len(l.own("internal")) > 0 || passOf(l.scope) != nil || hasOther(l.scope) ||
		slices.ContainsFunc(accessRules(l.scope), func(d *directive) bool { return d.Directive == "deny" })
}

// mayBeAsked says whether nginx asks an expression about the paths of a mapping.
func (m *migration) mayBeAsked(t *table, l *location) bool {
	if l.within != nil {
		return quote(slashed(l.within.path)) == t.keys[0].value
	}
	return !slices.ContainsFunc(m.locations, func(other *location) bool {
		return arg(other.block, 0) == "^~" && quote(slashed(other.path)) == t.keys[0].value
	})
}
