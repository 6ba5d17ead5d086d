package project

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// addFlaskStatic adds the directory that Flask serves by itself: beside the module that makes the application, or as its
// arguments say.
func (p *Project) addFlaskStatic(files fs.FS, made call, dir string) {
	folder, url := "static", ""
	for _, argument := range []struct {
		name string
		into *string
	}{{"static_folder", &folder}, {"static_url_path", &url}} {
		value, given := made.named(argument.name)
		if !given {
			continue
		}
		text, plain := plainText(value)
		if !plain || text == "" {
			if len(value) != 1 || !value[0].is("None") {
				p.note("what " + argument.name + " is could not be seen: name static files by [[static]]")
			}
			return
		}
		*argument.into = text
	}
	if _, given := made.named("root_path"); given || path.IsAbs(folder) {
		p.note("where static files lie could not be seen: name them by [[static]]")
		return
	}
	place := path.Join(dir, folder)
	if url == "" {
		url = "/" + path.Base(place)
	}
	prefix := strings.TrimSuffix(url, "/") + "/"
	if prefix == "/" || !strings.HasPrefix(prefix, "/") || !fs.ValidPath(place) || !isDir(files, place) {
		return // below the root it would hide pages of the application
	}
	p.Static = append(p.Static, Static{prefix, place})
}

// flaskFiles are those from which Flask's own command takes FLASK_APP, the strongest first.
var flaskFiles = []string{".env", ".flaskenv"}

var flaskApp = regexp.MustCompile(`(?m)^\s*(?:export\s+)?FLASK_APP\s*=\s*["']?([^"'#\s]+)`)

// flaskStated reads it: shop, shop.py, src/shop.py, shop:app or shop:create_app.
func flaskStated(files fs.FS) (stated, bool) {
	for _, name := range flaskFiles {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			continue
		}
		if match := flaskApp.FindStringSubmatch(string(content)); match != nil {
			module, callable, _ := strings.Cut(match[1], ":")
			module = strings.TrimPrefix(strings.TrimSuffix(module, ".py"), "./")
			return stated{strings.ReplaceAll(module, "/", "."), callable, "FLASK_APP in " + name}, true
		}
	}
	return stated{}, false
}
