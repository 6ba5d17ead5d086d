package nginx

import (
	"regexp"
	"slices"
	"strings"
)

// ownHeaders are those that forebay sends with files by itself, each as it has to be.
var ownHeaders = []string{
	"accept-ranges", "cache-control", "connection", "content-encoding", "content-length", "content-range", "content-type", "date", "etag",
	"expires", "keep-alive", "last-modified", "pragma", "server", "trailer", "transfer-encoding", "upgrade", "vary", "x-content-type-options",
}

var bareKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// setHeaders takes over further fields of answers with files. Those of the blocks around are the application's answers',
// too, which is said where these are looked at.
func (m *migration) setHeaders(t *table, s *scope) {
	var pairs, seen []string
	var from []*directive
	for _, d := range s.inherited("add_header") {
		name := arg(d, 0)
		switch {
		case slices.Contains(ownHeaders, strings.ToLower(name)):
			if !strings.EqualFold(name, "Cache-Control") && slices.Contains(s.body, d) {
				m.leave(d, groupOwn, "forebay says it with each file, as it has to be")
			}
			continue
		case strings.Contains(arg(d, 1), "$") || !bareKey.MatchString(name):
			if slices.Contains(s.body, d) {
				m.leave(d, groupGone, "a field of files has the same value for all")
			}
			continue
		case slices.Contains(seen, strings.ToLower(name)):
			continue
		}
		seen = append(seen, strings.ToLower(name))
		pairs = append(pairs, name+" = "+quote(arg(d, 1)))
		from = append(from, d)
		if slices.Contains(s.body, d) {
			m.take(d)
		}
	}
	if len(pairs) > 0 {
		t.set("headers", "{"+strings.Join(pairs, ", ")+"}", why(from...))
	}
}

// takeHeaders is about fields that nginx added to the application's answers.
func (m *migration) takeHeaders() {
	for _, d := range m.site.inherited("add_header") {
		if strings.EqualFold(arg(d, 0), "X-Request-ID") {
			m.leave(d, groupOwn, "each answer has it (request_id_header)")
		}
		m.leave(d, groupGrave, "the application's answers have the fields that it sets itself (SECURE_* settings and middleware of Django)")
	}
}
