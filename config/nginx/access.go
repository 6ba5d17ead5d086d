package nginx

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// accessRules are the rules that are in force in a block. allow and deny are of one list: a block that has either inherits
// neither.
func accessRules(s *scope) []*directive {
	for ; s != nil; s = s.outer {
		var rules []*directive
		for _, d := range s.body {
			if d.Directive == "allow" || d.Directive == "deny" {
				rules = append(rules, d)
			}
		}
		if len(rules) > 0 {
			return rules
		}
	}
	return nil
}

// access makes lists of rules that are asked one after the other. ok is false where lists cannot say the same: ours asks
// who is allowed first.
func access(rules []*directive) (allow, deny []string, ok bool) {
	const all = "all"
	for i, d := range rules {
		who := arg(d, 0)
		if who == "unix:" {
			continue // who has no address is under no list
		}
		if who == all && i < len(rules)-1 {
			return nil, nil, false // what follows would never be asked
		}
		networks := []string{who}
		if prefix, err := netip.ParsePrefix(who); err == nil {
			networks = []string{prefix.Masked().String()}
		} else if _, err := netip.ParseAddr(who); err != nil && who != all {
			return nil, nil, false
		}
		switch {
		case who == all && d.Directive == "allow":
		case d.Directive == "deny":
			if who == all {
				networks = everyone
			}
			deny = append(deny, networks...)
		case len(deny) > 0:
			return nil, nil, false
		default:
			allow = append(allow, networks...)
		}
	}
	return allow, deny, true
}

// denied says whether nobody at all is let in.
func denied(s *scope) bool {
	allow, deny, ok := access(accessRules(s))
	return ok && len(allow) == 0 && slices.Contains(deny, everyone[0])
}

// everyone are all addresses.
var everyone = []string{"0.0.0.0/0", "::/0"}

// takeAccess makes limits that refuse addresses.
func (m *migration) takeAccess() {
	whole := &location{scope: m.server, kind: prefix, path: "/"}
	rules := accessRules(m.server)
	m.takeRules(whole, rules)
	for _, l := range m.locations {
		own := accessRules(&scope{body: l.body})
		if len(own) == 0 || m.done[own[0]] {
			continue
		}
		if len(rules) > 0 {
			m.note(own[0], groupGrave, "the list of the whole site counts here, too: a limit has no exceptions by path")
		}
		m.takeRules(l, own)
	}
}

func (m *migration) takeRules(l *location, rules []*directive) {
	allow, deny, ok := access(rules)
	paths := pathsOf(l)
	switch {
	case len(rules) == 0:
	case !ok:
		m.leaveAll(rules, groupGrave, "addresses that are allowed are asked about first here, so the list would mean something else: let the application look")
	case paths == nil && l.kind != named:
		m.leaveAll(rules, groupGrave, "a limit is for the beginning of paths, and not for such an expression: let the application look")
	case len(deny) == 0:
		m.leaveAll(rules, groupOwn, "nobody is refused")
	default:
		m.addAccess(l, paths, rules, allow, deny)
	}
}

func (m *migration) leaveAll(ds []*directive, g group, why string) {
	for _, d := range ds {
		m.leave(d, g, "%s", why)
	}
}

func (m *migration) addAccess(l *location, paths []string, rules []*directive, allow, deny []string) {
	m.take(rules...)
	t := &table{kind: "limit", why: []string{why(rules...)}}
	name := strings.TrimSuffix("access-"+word(strings.Join(paths, "-")), "-")
	t.set("name", quote(m.free(name)))
	if len(allow) > 0 {
		t.set("allow", quoteAll(allow))
	}
	t.set("deny", quoteAll(deny))
	if paths != nil && paths[0] != "/" {
		t.set("paths", quoteAll(paths))
	} else if l.scope != m.server {
		m.note(l.block, groupGrave, "who was refused here is now refused for all paths, static files too")
	}
	m.tables = append(m.tables, t)
}

// word is a path as part of a name.
func word(path string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' {
			return r
		}
		return '-'
	}, path), "-")
}

// free is a name that no limit has yet.
func (m *migration) free(name string) string {
	const longest = 60
	name = name[:min(len(name), longest)]
	for n := 1; ; n++ {
		candidate := name
		if n > 1 {
			candidate = fmt.Sprintf("%s-%d", name, n)
		}
		if !slices.ContainsFunc(m.tables, func(t *table) bool { return t.kind == "limit" && t.keys[0].value == quote(candidate) }) {
			return candidate
		}
	}
}
