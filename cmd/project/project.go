// Package project finds out what a directory holds that a server is to serve: a Django project, a Flask application or
// another one of WSGI, where its static files lie, and how gunicorn was started. It reads files and runs none of them: the
// code may need a database, and nobody has asked for it to run.
package project

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// The kinds of projects.
const (
	Django = "Django project"
	Flask  = "Flask application"
	WSGI   = "WSGI application"
)

// Project is what was found. All paths are below the directory, with slashes.
type Project struct {
	// Kind is one of the kinds, or empty if nothing was found.
	Kind string
	// App is MODULE[:CALLABLE] as the server takes it.
	App string
	// Chdir is the directory in which its modules are found. Empty is the directory itself.
	Chdir string
	// From says where App was found: "WSGI_APPLICATION in mysite/settings.py".
	From string
	// Static are directories of static files that the application serves itself.
	Static []Static
	// Notes are sentences about what to look at, without a full stop.
	Notes []string
	// Gunicorn is where gunicorn is started or configured.
	Gunicorn []Trace
}

// Static is a directory with the path prefix that its files have.
type Static struct{ Prefix, Dir string }

// Find looks at a directory. What cannot be read is as if it were not there.
func Find(files fs.FS) Project {
	traces := findGunicorn(files)
	served, isServed := appOf(traces)
	found, ok := findDjango(files)
	switch {
	case !ok:
		found = findApplication(files, traces)
	case isServed && moduleOf(found.App) != served.module:
		found.note(served.from + " serves another module: " + served.module)
	}
	found.Gunicorn = traces
	return found
}

func moduleOf(app string) string {
	module, _, _ := strings.Cut(app, ":")
	return module
}

// note adds a sentence.
func (p *Project) note(text string) { p.Notes = append(p.Notes, text) }

// roots are the directories in which modules may be found: the project's own, and those below it that are no packages.
func roots(files fs.FS) []string {
	all := []string{"."}
	entries, _ := fs.ReadDir(files, ".") // one that cannot be read has none
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() && !isSkipped(files, name) && !isFile(files, path.Join(name, "__init__.py")) {
			all = append(all, name)
		}
	}
	return all
}

// others are directories that have modules which are nobody's application.
var others = []string{"node_modules", "site-packages", "tests", "test", "docs", "doc", "build", "dist", "migrations", "scripts", "examples"}

// isSkipped says whether a directory is not looked into.
func isSkipped(files fs.FS, name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(base, ".") || slices.Contains(others, base) || isFile(files, path.Join(name, "pyvenv.cfg"))
}

func isFile(files fs.FS, name string) bool {
	info, err := fs.Stat(files, name)
	return err == nil && info.Mode().IsRegular()
}

func isDir(files fs.FS, name string) bool {
	info, err := fs.Stat(files, name)
	return err == nil && info.IsDir()
}

// chdirTo is the directory of a root as Project has it.
func chdirTo(root string) string {
	if root == "." {
		return ""
	}
	return root
}
