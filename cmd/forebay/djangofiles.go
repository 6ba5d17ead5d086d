package main

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"forebay/config"
	"forebay/proxy/rooted"
	"forebay/proxy/static"
	"forebay/python"
)

// djangoPlace is a directory that Django's settings name, with the URL that it is to have.
type djangoPlace struct {
	name      string // STATIC or MEDIA
	url, root string
	mapping   func(prefix, dir string) config.Static
}

// placesOf are the places in the order in which they count: a prefix is served from one of them.
func placesOf(said *python.Django) []djangoPlace {
	return []djangoPlace{
		{"STATIC", said.StaticURL, said.StaticRoot, config.NewStatic},
		{"MEDIA", said.MediaURL, said.MediaRoot, newMedia},
	}
}

// newMedia is the mapping of files that come from strangers. They are no index and no compressed copy of another one, they
// may be replaced, and what one of them says in a browser is said in the site's name: so nothing in them is run, not in a
// page, nor in an SVG picture that is looked at alone. Pictures and films are shown as ever.
func newMedia(prefix, dir string) config.Static {
	m := config.NewStatic(prefix, dir)
	m.Index, m.Immutable, m.Sidecars = nil, nil, false
	m.Headers = []config.Header{{Name: "Content-Security-Policy", Value: "script-src 'none'; base-uri 'none'; form-action 'none'"}}
	return m
}

// serveDjango puts the files in force that the first worker tells of, before anybody is served.
func (s *server) serveDjango(ready python.Ready) error {
	found := s.filesOfDjango(s.started, ready)
	if len(found) == 0 {
		return nil
	}
	for _, m := range found {
		s.mapped = append(slices.Clip(s.mapped), m.Static)
	}
	change, err := s.proxy.Prepare(s.stopping.begun, s.started.front)
	if err != nil {
		return err
	}
	change.Serve(found)
	change.Apply()
	return nil
}

// filesOfDjango are the mappings that Django's settings ask for, opened. What cannot be served is the application's, and the
// log says why.
func (s *server) filesOfDjango(of setup, ready python.Ready) []static.Mapping {
	if ready.Django == nil {
		return nil
	}
	var found []static.Mapping
	var taken []config.Static
	for _, place := range placesOf(ready.Django) {
		m, err := place.find(of, ready.Django, taken)
		var root *rooted.Root
		if err == nil {
			root, err = rooted.Expect(m.Dir)
		}
		if errors.Is(err, errNotAsked) {
			s.log.Debug("files of Django are left out", "setting", place.name+"_ROOT", "reason", err)
			continue
		}
		if err != nil {
			s.log.Warn("files of Django are not served", "setting", place.name+"_ROOT", "reason", err)
			continue
		}
		if _, err := root.Stat("."); err != nil {
			s.log.Warn("directory of Django's is not there yet", "setting", place.name+"_ROOT", "dir", m.Dir)
		}
		taken = append(taken, m)
		found = append(found, static.Mapping{Static: m, FS: root})
	}
	return found
}

// errNotAsked is the reason why there is no mapping where nobody expects one: a site without uploads, or a place that the
// configuration maps in its own way.
var errNotAsked = errors.New("it is not asked for")

// find returns the mapping of a place, or says why there is none.
func (p djangoPlace) find(of setup, said *python.Django, taken []config.Static) (config.Static, error) {
	script := said.ScriptName
	if script == "" {
		script = of.cfg.App.ScriptName
	}
	prefix, err := prefixOf(p.url, script)
	isPrefix := func(m config.Static) bool { return m.Prefix == prefix }
	switch {
	case p.name == "MEDIA" && (p.root == "" || p.url == ""), err == nil && slices.ContainsFunc(of.cfg.Proxy.Static, isPrefix):
		return config.Static{}, errNotAsked
	case p.root == "":
		return config.Static{}, fmt.Errorf("%s_ROOT is not set", p.name)
	case err != nil:
		return config.Static{}, fmt.Errorf("%s_URL %w", p.name, err)
	case slices.ContainsFunc(taken, isPrefix):
		return config.Static{}, fmt.Errorf("%s is that of STATIC_ROOT", prefix)
	case lies(of.program.Dir, p.root) || said.Settings != "" && lies(said.Settings, p.root):
		return config.Static{}, fmt.Errorf("%s has the application's own code in it", p.root)
	}
	for _, dir := range handedOver(of.cfg.Proxy) {
		if p.name == "MEDIA" && (lies(p.root, dir) || lies(dir, p.root)) {
			return config.Static{}, fmt.Errorf("the application hands files below %s over itself", dir)
		}
	}
	return p.mapping(prefix, p.root), nil
}

// prefixOf is the path prefix of a URL of Django's settings. A relative one is below the script name, as Django has it. One of
// another host is that of a network which fetches the files from here, under the same path.
func prefixOf(text, script string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return "", errors.New("is not set")
	case err != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "":
		return "", fmt.Errorf("is no path: %s", text)
	}
	prefix := u.Path
	if u.Host == "" && !strings.HasPrefix(prefix, "/") {
		prefix = strings.TrimSuffix(script, "/") + "/" + prefix
	}
	prefix = strings.TrimSuffix(prefix, "/") + "/"
	switch {
	case prefix == "/":
		return "", fmt.Errorf("is the whole site: %s", text)
	case path.Clean(prefix)+"/" != prefix:
		return "", fmt.Errorf("is no plain path: %s", text)
	}
	return prefix, nil
}

// handedOver are the directories below which the application names files, having looked at who asks.
func handedOver(cfg config.Proxy) []string {
	dirs := slices.Clone(cfg.XSendfile)
	for _, internal := range cfg.XAccelRedirect {
		dirs = append(dirs, internal.Dir)
	}
	return dirs
}

// lies reports whether a file or directory is dir, or lies in it, wherever links lead.
func lies(name, dir string) bool {
	relative, err := filepath.Rel(resolved(dir), resolved(name))
	return err == nil && filepath.IsLocal(relative)
}

// resolved is a path without links, as far as it leads to something.
func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}
