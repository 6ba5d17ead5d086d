package nginx

import (
	"net/url"
	"slices"
	"strings"

	"forebay/config"
)

// takePassed takes over a location that passes requests to the application: what differs there stands in a [[path]].
func (m *migration) takePassed(l *location, pass *directive) {
	m.take(l.block)
	if uri := m.uriOf(pass); uri != "" && uri != l.path && l.kind != named {
		m.leavePrefix(l, pass, uri)
	}
	m.takeUpstream(pass)
	m.warnOfGuard(l.scope)
	if l.scope == m.site || l.kind == named {
		return
	}
	path := pathOf(l)
	if path == "" {
		m.note(l.block, groupGone, "the application is asked, as for all paths; a [[path]] is for the beginning of paths, and not for such an expression")
		return
	}
	t := &table{kind: "path", why: []string{placeOf(l.block).String() + ": " + describe(l.block)}}
	t.set("prefix", quote(path))
	for _, s := range pathSettings {
		if d := ownLast(l.scope, s.directives); d != nil {
			if value, err := s.value(d); err == nil {
				m.take(d)
				t.set(s.key, value, why(d))
			}
		}
	}
	if len(t.keys) > 1 && !m.hasPath(path) {
		m.tables = append(m.tables, t)
	}
}

func (m *migration) hasPath(path string) bool {
	return slices.ContainsFunc(m.tables, func(t *table) bool { return t.kind == "path" && t.keys[0].value == quote(path) })
}

// pathOf is the prefix of a [[path]] that a location is like, or nothing.
func pathOf(l *location) string {
	if paths := pathsOf(l); len(paths) == 1 {
		return paths[0]
	}
	return ""
}

// pathsOf are the beginnings of paths that a location is for. A limit may have several of them. There are none if it is for
// something else.
func pathsOf(l *location) []string {
	paths := []string{l.path}
	if l.kind == pattern {
		paths = branchesOf(l.path)
	}
	if l.kind == named || slices.ContainsFunc(paths, func(path string) bool { return !isPlain(path) }) {
		return nil
	}
	return paths
}

// isPlain says whether a path may be the beginning of paths in our form.
func isPlain(path string) bool {
	decoded, err := url.PathUnescape(path)
	return strings.HasPrefix(path, "/") && !strings.ContainsAny(path, "?#*=") && err == nil && decoded == path
}

// uriOf is what nginx puts in the place of the location's path.
func (m *migration) uriOf(pass *directive) string {
	if pass.Directive != "proxy_pass" {
		return ""
	}
	_, rest, _ := strings.Cut(arg(pass, 0), "://")
	if path, isUnix := strings.CutPrefix(rest, "unix:"); isUnix {
		_, uri, _ := strings.Cut(path, ":")
		return uri
	}
	_, uri, found := strings.Cut(rest, "/")
	if !found {
		return ""
	}
	return "/" + uri
}

// leavePrefix is about a path that the application did not see as the client had sent it.
func (m *migration) leavePrefix(l *location, pass *directive, uri string) {
	if mount := strings.TrimSuffix(l.path, "/"); uri == "/" && l.kind == prefix && mount != "" && m.countPassed() == 1 {
		m.suggest("script_name", quote(mount), "nginx takes this off the path: so does script_name, and tells the application where it is mounted", why(pass))
		m.leave(pass, groupGrave, "the application was asked for paths without %s: see script_name", mount)
		return
	}
	m.leave(pass, groupGrave, "the application was asked for %s in the place of %s, and is now asked for what the client has sent", uri, l.path)
}

// countPassed is how many locations the application has.
func (m *migration) countPassed() (n int) {
	for _, l := range m.locations {
		if pass := passOf(l.scope); pass != nil && m.target(pass) == m.app {
			n++
		}
	}
	return n
}

// warnOfGuard is about an application that was not for everybody.
func (m *migration) warnOfGuard(s *scope) {
	if d := guard(s); d != nil && !m.done[d] {
		m.leave(d, groupGrave, "forebay asks nobody who he is: the application must, or another server in front of it")
	}
}

// takeUpstream accounts for the block that the application's address stands in.
func (m *migration) takeUpstream(pass *directive) {
	m.leave(pass, groupOwn, "the application's server was asked here: forebay is both now")
	block, found := m.upstreams[m.target(pass)]
	if !found || m.done[block.block] {
		return
	}
	m.take(block.block)
	servers := block.own("server")
	for _, d := range servers {
		if len(servers) > 1 {
			m.leave(d, groupGrave, "forebay asks no other machine: one runs on each, and a load balancer chooses")
		} else {
			m.leave(d, groupOwn, "the application's server listened there: forebay is both now")
		}
	}
	for _, d := range block.body {
		m.leave(d, groupOwn, "there is no connection between forebay and the application that could be kept or fail")
	}
}

// requestSetting is a setting that a directive of nginx's has for all requests, or for some.
type requestSetting struct {
	key        string
	directives []string
	value      func(*directive) (string, error)
}

// pathSettings are those that a [[path]] may say, too.
var pathSettings = []requestSetting{
	{"body_size", []string{"client_max_body_size"}, sizeOf},
	{"body_timeout", []string{"client_body_timeout"}, timeOf},
	{"timeout", []string{"proxy_read_timeout", "uwsgi_read_timeout"}, timeOf},
}

// requestSettings are for all requests.
var requestSettings = append(slices.Clone(pathSettings),
	requestSetting{"head_timeout", []string{"client_header_timeout"}, timeOf},
	requestSetting{"keep_alive", []string{"keepalive_timeout"}, timeOf},
	requestSetting{"keep_alive_requests", []string{"keepalive_requests"}, countOf},
	requestSetting{"send_timeout", []string{"send_timeout"}, timeOf},
	requestSetting{"body_memory", []string{"client_body_buffer_size"}, sizeOf},
)

// ownLast is the last of a block's own directives of those names, or nil.
func ownLast(s *scope, names []string) *directive {
	var last *directive
	for _, name := range names {
		for _, d := range s.own(name) {
			last = d
		}
	}
	return last
}

// takeRequests takes over what holds for all requests: what is in force where most of them go.
func (m *migration) takeRequests() {
	for _, s := range requestSettings {
		for _, name := range s.directives {
			d := m.site.last(name)
			if d == nil {
				continue
			}
			value, err := s.value(d)
			if err != nil {
				m.leave(d, groupGone, "%v", err)
				continue
			}
			m.take(d)
			m.set(s.key, value, why(d))
		}
	}
	m.takeHeadSize()
	m.takeHeaders()
}

// takeHeadSize: a line of a head must fit into one of the buffers, and all of it into all of them.
func (m *migration) takeHeadSize() {
	d := m.server.last("large_client_header_buffers")
	if d == nil {
		return
	}
	number, err := countOf(d)
	size, sizeErr := config.ParseSize(strings.ToLower(arg(d, 1)))
	n := parseCount(number)
	if err != nil || sizeErr != nil || n <= 0 || size <= 0 {
		m.leave(d, groupGone, "want a number and a size")
		return
	}
	m.take(d)
	line := quote(config.SizeText(size))
	m.set("head_size", quote(config.SizeText(size*n)), why(d))
	m.set("limit_request_line", line, why(d))
	m.set("limit_request_field_size", line, why(d))
}
