package project

import (
	"io/fs"
	"path"
	"strings"
)

const settingsVariable = "DJANGO_SETTINGS_MODULE"

// findDjango looks for a manage.py.
func findDjango(files fs.FS) (Project, bool) {
	for _, root := range roots(files) {
		manage, err := readModule(files, root, "manage.py")
		if err != nil {
			continue
		}
		found := Project{Kind: Django, Chdir: chdirTo(root)}
		settings, named := manage.settingsModule()
		if !named {
			continue // a manage.py of something else
		}
		chain := readSettings(files, root, settings)
		found.App, found.From = djangoApp(files, root, settings, chain)
		if found.App == "" {
			found.note("no wsgi.py was found for " + settings + ": django-admin startproject writes one")
		}
		found.lookAtFiles(chain)
		return found, true
	}
	return Project{}, false
}

// settingsModule is what manage.py has as the default of the variable that names Django's settings.
func (m *module) settingsModule() (string, bool) {
	for _, s := range m.statements {
		for i, t := range s.tokens {
			if t.kind != text || t.text != settingsVariable {
				continue
			}
			for _, next := range s.tokens[i+1:] { // setdefault(NAME, "x"), environ[NAME] = "x"
				if next.kind == text && next.plain {
					return next.text, true
				}
			}
		}
	}
	return "", false
}

// mostSettings is how many files of settings are followed.
const mostSettings = 20

// settingsChain are the modules that make settings, the strongest first.
type settingsChain struct {
	modules []*module
	// whole says that all were found.
	whole bool
}

// readSettings reads a module of settings, and those that it imports all names of.
func readSettings(files fs.FS, root, name string) settingsChain {
	chain := settingsChain{whole: true}
	seen := map[string]bool{name: true}
	for queue := []string{name}; len(queue) > 0; queue = queue[1:] {
		m, err := findModule(files, root, queue[0])
		if err != nil || len(chain.modules) == mostSettings {
			chain.whole = false
			continue
		}
		chain.modules = append(chain.modules, m)
		for _, star := range m.stars {
			if !seen[star] {
				seen[star] = true
				queue = append(queue, star)
			}
		}
	}
	return chain
}

// value is what the strongest module says last.
func (c settingsChain) value(name string) (value []token, where *module) {
	for _, m := range c.modules {
		for _, a := range m.assignments() {
			if a.name == name {
				value, where = a.value, m
			}
		}
		if where != nil {
			return value, where
		}
	}
	return nil, nil
}

// djangoApp is the application that the settings name, or else that of the wsgi.py beside them.
func djangoApp(files fs.FS, root, settings string, chain settingsChain) (app, from string) {
	value, where := chain.value("WSGI_APPLICATION")
	if name, plain := plainText(value); plain {
		module, callable, _ := cutLast(name)
		if _, err := findModule(files, root, module); err == nil {
			return module + ":" + callable, "WSGI_APPLICATION in " + where.file
		}
	}
	for pkg := settings; pkg != ""; { // config.settings.production has config.wsgi
		pkg, _, _ = cutLast(pkg)
		module := join(pkg, "wsgi")
		if m, err := findModule(files, root, module); err == nil {
			return module + ":application", m.file
		}
	}
	return "", ""
}

// cutLast parts a dotted name before its last part.
func cutLast(name string) (before, last string, found bool) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return "", name, false
	}
	return name[:i], name[i+1:], true
}

// lookAtFiles tells what matters to those who have files served without Django.
func (p *Project) lookAtFiles(chain settingsChain) {
	static, _ := chain.value("STATIC_ROOT")
	if static == nil && chain.whole && len(chain.modules) > 0 {
		p.note("STATIC_ROOT is not set in " + chain.modules[0].file + ": static files are served from it, once it is set and " +
			path.Join(p.Chdir, "manage.py") + " collectstatic has filled it")
	}
	if media, where := chain.value("MEDIA_ROOT"); media != nil {
		p.note("MEDIA_ROOT is set in " + where.file + ": everybody may see what is in it; if a view decides who may, take django out of the file")
	}
}
