package project

import (
	"cmp"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// binding is a name in a module that stands for an application, or for what makes one.
type binding struct {
	*module
	// root and file are where the module is: the file's name starts from the root.
	root, file string
	// callable is what stands behind the colon: app, create_app().
	callable string
	// made is the call that makes the application, as far as it was found, and maker the module that it stands in.
	made  call
	maker *module
	// wants are the parameters that a factory has no default for.
	wants []string
	rank  int
}

// The ranks of bindings, the surest first.
const (
	rankStated   = iota // as it was named
	rankEntry           // in a wsgi.py, which is there for nothing else
	rankInstance        // app = Flask(__name__)
	rankOddName         // shop = Flask(__name__)
	rankMade            // app = create_app()
	rankFactory         // def create_app(): ...
	rankNone
)

// frameworks are what makes applications of WSGI, by their full names.
var frameworks = map[string]string{
	flaskClass: Flask, "apiflask.APIFlask": Flask, djangoMaker: Django, "bottle.Bottle": WSGI, "bottle.default_app": WSGI,
	"falcon.App": WSGI, "falcon.API": WSGI,
}

const (
	flaskClass  = "flask.Flask"
	djangoMaker = "django.core.wsgi.get_wsgi_application"
)

// strangers are what makes applications that forebay does not serve.
var strangers = []string{"fastapi.FastAPI", "starlette.applications.Starlette", "quart.Quart", "litestar.Litestar", "sanic.Sanic",
	"aiohttp.web.Application", "tornado.web.Application"}

var (
	usualNames     = []string{"app", "application"}
	usualFactories = []string{"create_app", "make_app"}
	usualFiles     = []string{"wsgi.py", "app.py", "application.py", "main.py", "run.py", "server.py", "__init__.py"}
)

// findApplication looks for an application in the modules of the project. What gunicorn or Flask was told counts before
// what is likely.
func findApplication(files fs.FS, traces []Trace) Project {
	said, isSaid := appOf(traces)
	served := isSaid
	if !isSaid {
		said, isSaid = flaskStated(files)
	}
	var best *binding
	var foreign []string
	for _, root := range roots(files) {
		for _, name := range candidates(files, root) {
			m, err := readModule(files, root, name)
			if err != nil {
				continue
			}
			for _, b := range m.bindings(root, name) {
				if isSaid && said.means(b) {
					b.rank = rankStated
				}
				if best == nil || b.rank < best.rank {
					best = &b
				}
			}
			foreign = append(foreign, m.strangers()...)
		}
	}
	switch {
	case served && (best == nil || best.rank != rankStated):
		return said.project(files)
	case best == nil:
		return Project{Notes: foreign}
	default:
		return best.project(files)
	}
}

// stated is an application that somebody has named.
type stated struct {
	module, callable string
	from             string
}

// means says whether a binding is what was named.
func (s stated) means(b binding) bool {
	module := moduleName(b.file)
	inRoot := join(strings.ReplaceAll(chdirTo(b.root), "/", "."), module)
	name, _, _ := strings.Cut(s.callable, "(")
	return (s.module == module || s.module == inRoot) && (name == "" || name == strings.TrimSuffix(b.callable, "()"))
}

// project is an application of which nothing else is known.
func (s stated) project(files fs.FS) Project {
	found := Project{Kind: WSGI, App: strings.TrimSuffix(s.module+":"+s.callable, ":"), From: s.from}
	for _, root := range roots(files) {
		if _, err := findModule(files, root, s.module); err == nil {
			found.Chdir = chdirTo(root)
			return found
		}
	}
	return found
}

// mostFiles is how many modules are looked at below one directory.
const mostFiles = 200

// moduleFile is the name of a file that can be imported. Those of tests, and of tools, are no application.
var (
	moduleFile = regexp.MustCompile(`^[A-Za-z_]\w*\.py$`)
	toolFile   = regexp.MustCompile(`^(test_.*|.*_test|tests|conftest|setup|manage|noxfile|fabfile|tasks)\.py$`)
)

// candidates are the files below a root that may have an application, the likeliest first.
func candidates(files fs.FS, root string) []string {
	names := modulesIn(files, root, ".")
	entries, _ := fs.ReadDir(files, root) // one that cannot be read has none
	for _, entry := range entries {
		if dir := entry.Name(); entry.IsDir() && !isSkipped(files, path.Join(root, dir)) && isFile(files, path.Join(root, dir, "__init__.py")) {
			names = append(names, modulesIn(files, root, dir)...)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(likeliness(a), likeliness(b)) })
	return names[:min(len(names), mostFiles)]
}

// likeliness is where a file's name stands among the usual ones.
func likeliness(name string) int {
	if i := slices.Index(usualFiles, path.Base(name)); i >= 0 {
		return i
	}
	return len(usualFiles)
}

// modulesIn are the modules of one directory.
func modulesIn(files fs.FS, root, dir string) []string {
	entries, _ := fs.ReadDir(files, path.Join(root, dir)) // one that cannot be read has none
	var names []string
	for _, entry := range entries {
		if name := entry.Name(); moduleFile.MatchString(name) && !toolFile.MatchString(name) {
			names = append(names, path.Join(dir, name))
		}
	}
	return names
}

// bindings are the names at the top of a module that may be an application.
func (m *module) bindings(root, file string) []binding {
	var all []binding
	add := func(name string, rank int, made call, maker *module) {
		if path.Base(file) == "wsgi.py" && slices.Contains(usualNames, name) {
			rank = rankEntry
		}
		if rank < rankNone {
			all = append(all, binding{module: m, root: root, file: file, callable: name, made: made, maker: maker, rank: rank})
		}
	}
	for _, a := range m.assignments() {
		if a.indent == 0 {
			made, _ := m.callOf(a.value)
			add(a.name, rankOf(a.name, made), made, m)
		}
	}
	for _, name := range usualNames {
		if m.imported[name] != "" {
			add(name, rankNone, call{}, m) // it counts in a wsgi.py
		}
	}
	framework := m.usesFramework()
	for _, f := range m.functions() {
		if framework && slices.Contains(usualFactories, f.name) {
			made := m.findCall(m.statements[f.begin:f.end])
			all = append(all, binding{module: m, root: root, file: file, callable: f.name + "()", made: made, maker: m, wants: f.wants, rank: rankFactory})
		}
	}
	slices.SortStableFunc(all, func(a, b binding) int { return cmp.Compare(a.rank, b.rank) })
	return all
}

// rankOf is the rank of a name to which what a call makes is assigned.
func rankOf(name string, made call) int {
	_, function, _ := cutLast(made.function)
	usual := slices.Contains(usualNames, name)
	switch {
	case frameworks[made.function] != "" && usual:
		return rankInstance
	case frameworks[made.function] != "":
		return rankOddName
	case usual && slices.Contains(usualFactories, function):
		return rankMade
	default:
		return rankNone
	}
}

// usesFramework says whether the module imports something that makes applications.
func (m *module) usesFramework() bool {
	for _, full := range m.imported {
		if frameworks[full] != "" || full == "flask" {
			return true
		}
	}
	return len(m.findCall(m.statements).function) > 0
}

// findCall is the first call of a framework in some statements.
func (m *module) findCall(statements []statement) call {
	for _, s := range statements {
		for i := range s.tokens {
			if i > 0 && s.tokens[i-1].is(".") {
				continue
			}
			name, rest := cutDotted(s.tokens[i:])
			if frameworks[m.fullName(name)] == "" || len(rest) == 0 || !rest[0].is("(") {
				continue
			}
			if made, ok := m.callOf(s.tokens[i:]); ok {
				return made
			}
			break // a bracket that nothing closes
		}
	}
	return call{}
}

// mostSteps is how many imports are followed to where an application is made.
const mostSteps = 5

// follow looks for what makes the application where it was imported from.
func (b *binding) follow(files fs.FS) {
	name := b.made.function
	if name == "" {
		name = b.imported[b.callable]
	}
	maker := b.module
	for range mostSteps {
		if frameworks[b.made.function] != "" {
			return
		}
		pkg, last, _ := cutLast(maker.fullName(name))
		if pkg != "" {
			next, err := findModule(files, b.root, pkg)
			if err != nil {
				return
			}
			maker = next
		}
		if made := maker.findCall(maker.statements); made.function != "" {
			b.made, b.maker = made, maker
			return
		}
		if name = maker.imported[last]; name == "" {
			return
		}
	}
}

// strangers are sentences about applications of the module's that are none of WSGI.
func (m *module) strangers() []string {
	var found []string
	for _, a := range m.assignments() {
		made, _ := m.callOf(a.value)
		if a.indent == 0 && slices.Contains(strangers, made.function) {
			_, class, _ := cutLast(made.function)
			found = append(found, m.file+" makes an application of "+class+", which is none of WSGI: forebay does not serve it")
		}
	}
	return found
}

// project is what the binding tells.
func (b *binding) project(files fs.FS) Project {
	b.follow(files)
	kind := cmp.Or(frameworks[b.made.function], WSGI)
	found := Project{Kind: kind, App: moduleName(b.file) + ":" + b.callable, Chdir: chdirTo(b.root), From: b.module.file}
	if len(b.wants) > 0 {
		found.note(strings.TrimSuffix(b.callable, "()") + " in " + b.module.file + " wants arguments (" + strings.Join(b.wants, ", ") +
			"): write them into the call, as " + found.App + " stands without")
	}
	if kind == Flask {
		found.addFlaskStatic(files, b.made, path.Dir(b.maker.file))
	}
	return found
}
