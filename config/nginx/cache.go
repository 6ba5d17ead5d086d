package nginx

import (
	"fmt"
	"slices"
	"strings"
)

// cacheRule is the Cache-Control of files with such names.
type cacheRule struct{ match, value string }

// setCache says how long files may be kept: what the location says, and before it those in it that are for some endings.
func (m *migration) setCache(t *table, l *location) {
	var rules []cacheRule
	var from []*directive
	for _, inner := range m.locations {
		if inner.within == l && inner.within != nil && inner.kind == pattern && endingsOf(inner.path) != nil && m.isOnlyCache(inner) {
			value, said := m.cacheOf(inner.scope)
			m.served[inner] = true
			m.take(inner.block)
			m.take(said...)
			rules = append(rules, rulesFor(endingsOf(inner.path), value)...)
			from = append(from, inner.block)
			from = append(from, said...)
		}
	}
	if value, said := m.cacheOf(l.scope); value != "" {
		m.take(said...)
		rules = append(rules, cacheRule{"*", value})
		from = append(from, said...)
	}
	if len(rules) > 0 {
		t.set("cache", rulesText(rules), why(from...))
	}
}

// takeEndings takes over a location that says how long files with some endings may be kept which are mapped already.
func (m *migration) takeEndings(l *location) bool {
	endings := endingsOf(l.path)
	value, said := m.cacheOf(l.scope)
	if endings == nil || value == "" || !m.isOnlyCache(l) {
		return false
	}
	root := l.last("root")
	found := false
	for _, t := range m.tables {
		if t.kind != "static" || root == nil || t.keys[1].value != quote(strings.TrimSuffix(cleanJoin(arg(root, 0), t.keys[0].value), "/")) {
			continue
		}
		found, m.served[l] = true, true
		m.take(l.block)
		m.take(said...)
		t.addRules(rulesFor(endings, value), why(append([]*directive{l.block}, said...)...))
	}
	return found
}

// cleanJoin is the directory that a root has for a quoted prefix.
func cleanJoin(root, prefix string) string {
	return strings.TrimSuffix(root, "/") + strings.Trim(prefix, `"`)
}

// addRules puts rules before those that the table has.
func (t *table) addRules(rules []cacheRule, why string) {
	text := rulesText(rules)
	for i := range t.keys {
		if t.keys[i].key == "cache" {
			t.keys[i].value = strings.TrimSuffix(text, "]") + ", " + strings.TrimPrefix(t.keys[i].value, "[")
			t.keys[i].why = append(t.keys[i].why, why)
			return
		}
	}
	t.set("cache", text, why)
}

// isOnlyCache says whether a location is for files that others map: it names no directory, and has nothing but what is
// said about them.
func (m *migration) isOnlyCache(l *location) bool {
	return !slices.ContainsFunc(l.body, func(d *directive) bool {
		return !slices.Contains([]string{"expires", "add_header", "access_log", "log_not_found", "etag", "gzip_static", "tcp_nodelay", "open_file_cache"}, d.Directive)
	})
}

func rulesFor(endings []string, value string) []cacheRule {
	var rules []cacheRule
	for _, ending := range endings {
		rules = append(rules, cacheRule{"*." + ending, value})
	}
	return rules
}

func rulesText(rules []cacheRule) string {
	texts := make([]string, len(rules))
	for i, rule := range rules {
		texts[i] = fmt.Sprintf("{match = %s, value = %s}", quote(rule.match), quote(rule.value))
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// cacheOf is the Cache-Control that expires and add_header make, with the directives that do.
func (m *migration) cacheOf(s *scope) (value string, from []*directive) {
	if d := s.last("expires"); d != nil {
		if value = expires(d); value != "" {
			from = append(from, d)
		}
	}
	for _, d := range s.inherited("add_header") {
		if !strings.EqualFold(arg(d, 0), "Cache-Control") || strings.Contains(arg(d, 1), "$") || arg(d, 1) == "" {
			continue
		}
		if said := arg(d, 1); value == "" || strings.Contains(said, "max-age") || strings.Contains(said, "no-") {
			value = said
		} else {
			value += ", " + said
		}
		from = append(from, d)
	}
	return value, from
}

// expires is the Cache-Control that nginx makes of it, or nothing.
func expires(d *directive) string {
	text := arg(d, 0)
	if text == "modified" {
		return "" // it depends on the file
	}
	switch {
	case text == "off":
		return ""
	case text == "max":
		return "max-age=315360000"
	case text == "epoch" || strings.HasPrefix(text, "-"):
		return "no-cache"
	}
	t, err := parseTime(text)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("max-age=%d", int64(t.Seconds()))
}
