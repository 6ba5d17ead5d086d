package python

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// The worker program and the demo application, carried in the binary.
var (
	//go:embed worker/bootstrap.py
	bootstrap string

	//go:embed worker/forebay/*.py demo/*.py
	modules embed.FS

	//go:embed demo/static
	demoStatic embed.FS
)

// DemoSpec is the specification of the embedded demo application.
const DemoSpec = "forebay.demo:app"

// Bootstrap returns the program that a worker process is started with.
func Bootstrap() string { return bootstrap }

// DemoStatic returns the demo application's static files.
func DemoStatic() fs.FS {
	sub, err := fs.Sub(demoStatic, "demo/static")
	if err != nil {
		panic(err) // the pattern above names it
	}
	return sub
}

// sources returns the text of each module by its dotted name.
func sources() (map[string]any, error) {
	texts := map[string]any{}
	err := fs.WalkDir(modules, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), "test_") {
			return err
		}
		text, err := modules.ReadFile(name)
		if err != nil {
			return err
		}
		texts[moduleName(name)] = string(text)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the embedded worker: %w", err)
	}
	return texts, nil
}

// moduleName turns the path of a source into the name that it is imported by: all live in the package forebay.
func moduleName(name string) string {
	base := strings.TrimSuffix(path.Base(name), ".py")
	if base == "__init__" {
		return "forebay"
	}
	return "forebay." + base
}
