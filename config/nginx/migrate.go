// Package nginx makes a forebay.toml of what nginx was told in front of a Python application. It promises that each
// directive is either a setting there or a comment with its line and the reason; that what it makes is in order for
// config; and that nothing becomes public which was not. What cannot be said alike it does not say.
package nginx

import (
	"fmt"
	"slices"
	"strings"

	"forebay/config"
)

// Migrate reads a file of nginx's. Of several server blocks the one counts that passes requests to an application and, if
// server is not empty, has that name. gunicorn is what was behind it, as far as that is known; nil: it is not. The error is
// of type config.Faults if the file cannot be read.
func Migrate(path, server string, gunicorn *config.Inherited) (*Draft, error) {
	t, err := parse(path)
	if err != nil {
		return nil, err
	}
	return draftOf(t, path, server, gunicorn)
}

func draftOf(t *tree, path, server string, gunicorn *config.Inherited) (*Draft, error) {
	m := migration{Draft: &Draft{}, served: map[*location]bool{}, done: map[*directive]bool{}}
	if err := m.choose(t, server); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m.takeListen()
	m.takeProxies()
	m.takeLocations()
	m.takeRequests()
	m.takeCompression()
	m.takeLimits()
	m.takeLogs()
	m.leaveServers()
	m.leaveRest(t.all)
	for _, missing := range t.missing {
		m.left = append(m.left, remark{groupNeeded, place{file: missing}, "include", "it is not there: what it says is not looked at"})
	}
	if gunicorn != nil {
		m.inherit(gunicorn, true)
	}
	m.wantApp(gunicorn)
	m.settle()
	return m.Draft, nil
}

// FromGunicorn makes a draft of gunicorn's file alone.
func FromGunicorn(gunicorn *config.Inherited) *Draft {
	m := migration{Draft: &Draft{}}
	m.inherit(gunicorn, false)
	m.wantApp(gunicorn)
	m.settle()
	return m.Draft
}

// migration is a draft with what it is made of.
type migration struct {
	*Draft
	// http is the block around the servers, or the file.
	http *scope
	// server is the one that counts, others are not.
	server *scope
	others []*scope
	// site is the place from which requests go to the application unless their path says otherwise: location /, or the
	// server itself.
	site *scope
	// app is where they go.
	app string
	// upstreams are those that pass on to several addresses, or to one by a name.
	upstreams map[string]*scope
	// locations are those of the server, and those in them.
	locations []*location
	// served are the locations whose files are those of a [[static]].
	served map[*location]bool
	// singles are the locations of single files that no mapping has.
	singles []single
	// done are the directives that are accounted for.
	done map[*directive]bool
}

// take says that a directive has become something.
func (m *migration) take(ds ...*directive) {
	for _, d := range ds {
		m.done[d] = true
	}
}

// leave says why a directive was not taken over. What stands in its block goes with it.
func (m *migration) leave(d *directive, g group, format string, args ...any) {
	if d == nil || m.done[d] {
		return
	}
	text := describe(d)
	if n := count(d); n > 0 {
		text += fmt.Sprintf(" {%d more}", n)
	}
	m.left = append(m.left, remark{g, placeOf(d), text, fmt.Sprintf(format, args...)})
	m.takeAll(d)
}

func (m *migration) takeAll(d *directive) {
	m.take(d)
	for _, inner := range d.Block {
		m.takeAll(inner)
	}
}

// note adds to what was left something about a directive that was taken over, or partly.
func (m *migration) note(d *directive, g group, format string, args ...any) {
	m.left = append(m.left, remark{g, placeOf(d), describe(d), fmt.Sprintf(format, args...)})
}

// leaveRest goes through what nobody has looked at.
func (m *migration) leaveRest(body []*directive) {
	for _, d := range body {
		switch {
		case m.done[d]:
			m.leaveRest(d.Block)
		case isFrame(d):
			m.leaveRest(d.Block)
		default:
			r := reasonFor(d)
			m.leave(d, r.group, "%s", r.text)
		}
	}
}

// isFrame is true for blocks that only hold others.
func isFrame(d *directive) bool {
	return slices.Contains([]string{"http", "server", "location", "include"}, d.Directive) && (len(d.Block) > 0 || d.Directive == "include")
}

// wantApp leaves room for the application's name, which nginx does not know.
func (m *migration) wantApp(gunicorn *config.Inherited) {
	m.suggest("app", `"shop.wsgi"`, "The application, as gunicorn's command line names it: MODULE:CALLABLE")
	if gunicorn == nil {
		m.suggest("from_gunicorn", `"gunicorn.conf.py"`, "gunicorn's file, if there is one; or its values: forebay migrate --gunicorn gunicorn.conf.py ...")
	}
}

// names are a block's names, as it was told them.
func names(s *scope) string {
	var all []string
	for _, d := range s.own("server_name") {
		all = append(all, d.Args...)
	}
	return strings.Join(all, " ")
}
