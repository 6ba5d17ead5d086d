package peer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Package is something that comes from PyPI.
type Package struct {
	// Name is PyPI's.
	Name string
	// Module is what is imported, where it has another name.
	Module string
	// More is what pip is to install with it.
	More []string
	// Debian is what apt-get installs so that pip can build it, unless the file Built is there.
	Debian, Built string
}

// Packages of the peers.
var (
	gunicorn = Package{Name: "gunicorn"}
	uwsgi    = Package{Name: "pyuwsgi"}
	granian  = Package{Name: "granian"}
	modWSGI  = Package{Name: "mod_wsgi", Debian: "apache2-dev", Built: "/usr/bin/apxs"}
	bjoern   = Package{Name: "bjoern", Debian: "libev-dev", Built: "/usr/include/ev.h"}
	// It imports pkg_resources, which newer releases of setuptools do not have.
	fastwsgi = Package{Name: "fastwsgi", More: []string{"setuptools<81"}}
)

func (p Package) module() string {
	if p.Module != "" {
		return p.Module
	}
	return p.Name
}

// provide makes sure that Python can import it: the newest release, or where nothing is to be installed any.
func (p Package) provide(ctx context.Context, python string, offline bool) error {
	if !offline {
		return p.install(ctx, python)
	}
	if !p.installed(ctx, python) {
		return fmt.Errorf("%s is not installed", p.Name)
	}
	return nil
}

// install installs the newest release, or makes do with the one that is there: the report names its version.
func (p Package) install(ctx context.Context, python string) error {
	if p.Debian != "" && !p.installed(ctx, python) {
		if err := p.prepare(ctx); err != nil {
			return err
		}
	}
	argv := append([]string{python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-U", p.Name}, p.More...)
	_, err := output(ctx, installTimeout, argv...)
	if err == nil {
		return nil
	}
	if !p.installed(ctx, python) {
		return fmt.Errorf("install %s: %s", p.Name, lastLine(err.Error())) // pip's last line says why
	}
	Progress(p.Name + " was not updated: " + lastLine(err.Error()))
	return nil
}

// installed reports whether that Python can import it.
func (p Package) installed(ctx context.Context, python string) bool {
	_, err := output(ctx, versionTimeout, python, "-c", "import "+p.module())
	return err == nil
}

// prepare installs what is needed to build it.
func (p Package) prepare(ctx context.Context) error {
	if _, err := os.Stat(p.Built); err == nil {
		return nil
	}
	if err := aptGet(ctx, p.Debian); err != nil {
		return fmt.Errorf("install %s: %w", p.Name, err)
	}
	return nil
}

// version is the command that prints which release is installed.
func (p Package) version(python string) []string {
	return []string{python, "-c", "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))", p.Name}
}

// script is where a program is that a package brings along.
func script(kit Kit, name string) string { return filepath.Join(filepath.Dir(kit.Python), name) }

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
