package nginx

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrNoServer is about a file in which there is nothing to take over.
var ErrNoServer = errors.New("there is no server block in it")

// choose finds the server block that is the site.
func (m *migration) choose(t *tree, name string) error {
	m.http = &scope{body: t.all}
	if blocks := m.http.blocks("http"); len(blocks) > 0 {
		m.http = blocks[0]
	}
	m.upstreams = map[string]*scope{}
	for _, block := range m.http.blocks("upstream") {
		m.upstreams[arg(block.block, 0)] = block
	}
	servers := m.http.blocks("server")
	if len(servers) == 0 {
		return ErrNoServer
	}
	if name != "" {
		servers = slices.DeleteFunc(servers, func(s *scope) bool { return !slices.Contains(strings.Fields(names(s)), name) })
		if len(servers) == 0 {
			return fmt.Errorf("no server block has the name %s", name)
		}
	}
	m.server = servers[0]
	for _, rank := range []func(*scope) bool{m.passes, hasFiles} {
		if i := slices.IndexFunc(servers, rank); i >= 0 {
			m.server = servers[i]
			break
		}
	}
	for _, block := range m.http.blocks("server") {
		if block.block != m.server.block {
			m.others = append(m.others, block)
		}
	}
	m.take(m.server.block)
	m.locations = m.findLocations(m.server, nil)
	m.findSite()
	return nil
}

// passes says whether a block, or one in it, passes requests to an application.
func (m *migration) passes(s *scope) bool {
	if passOf(s) != nil {
		return true
	}
	for _, d := range s.body {
		if len(d.Block) > 0 && m.passes(s.enter(d)) {
			return true
		}
	}
	return false
}

func hasFiles(s *scope) bool {
	return len(s.own("root")) > 0 || slices.ContainsFunc(s.blocks("location"), func(l *scope) bool {
		return len(l.own("alias"))+len(l.own("root")) > 0
	})
}

// passOf is a block's own directive that passes requests on, or nil.
func passOf(s *scope) *directive {
	for _, name := range []string{"proxy_pass", "uwsgi_pass"} {
		if found := s.own(name); len(found) > 0 {
			return found[0]
		}
	}
	return nil
}

// findSite is about where most requests go: what location / is for, or one that others name, or else the first that there is.
func (m *migration) findSite() {
	m.site = m.server
	var best *location
	for _, l := range m.locations {
		if passOf(l.scope) != nil && (best == nil || rank(l) > rank(best)) {
			best = l
		}
	}
	if best == nil {
		return
	}
	m.app = m.target(passOf(best.scope))
	if rank(best) > 0 {
		m.site = best.scope
	}
}

// rank says how likely a location is the one for most requests; 0 is not.
func rank(l *location) int {
	switch {
	case l.kind == prefix && l.path == "/":
		return 2
	case l.kind == named:
		return 1
	}
	return 0
}

// target is where a directive passes requests to: an upstream's name, or an address, without what follows.
func (m *migration) target(pass *directive) string {
	text := arg(pass, 0)
	if _, rest, found := strings.Cut(text, "://"); found {
		text = rest
	}
	if path, isUnix := strings.CutPrefix(text, "unix:"); isUnix {
		path, _, _ = strings.Cut(path, ":")
		return "unix:" + strings.TrimPrefix(path, "//")
	}
	text, _, _ = strings.Cut(text, "/")
	return text
}

// leaveServers says why the others do not count.
func (m *migration) leaveServers() {
	for _, s := range m.others {
		returns := s.own("return")
		switch {
		case sendsToHTTPS(s):
			m.leave(s.block, groupNeeded, "it sends browsers to https: that is for what ends TLS in front of forebay, or for the application (SECURE_SSL_REDIRECT of Django)")
		case len(returns) > 0 && arg(returns[0], 0) == "444", len(s.own("ssl_reject_handshake")) > 0:
			m.leave(s.block, groupNeeded, "it refuses hosts that are not the site's: the application does that (ALLOWED_HOSTS of Django)")
		case len(returns) > 0 && !m.passes(s):
			m.leave(s.block, groupGone, "it sends browsers elsewhere: the application can answer so")
		default:
			m.leave(s.block, groupGone, "a forebay serves one site, that of line %d: another one needs a forebay of its own (--server NAME takes this one)", m.server.block.Line)
		}
	}
}

// sendsToHTTPS says whether a block does nothing but that, for all hosts or for some.
func sendsToHTTPS(s *scope) bool {
	for _, d := range s.body {
		if d.Directive == "return" && strings.Contains(strings.Join(d.Args, " "), "https://") {
			return true
		}
		if (d.Directive == "if" || d.Directive == "location") && sendsToHTTPS(s.enter(d)) {
			return true
		}
	}
	return false
}
