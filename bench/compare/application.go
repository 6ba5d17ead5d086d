package compare

import (
	"slices"
	"strings"

	"forebay/bench/generator"
	"forebay/bench/peer"
)

// application is one thing that is asked of each peer.
type application struct {
	name string
	says string // in words
	app  string // MODULE:CALLABLE in bench/apps
	// requests are asked for in turn. What has to be answered is what the application says without a server.
	requests []generator.Request
	packages []peer.Package
	// file is the size of the file that is asked for, instead of the application. 0 is none.
	file int
	// waits says that it waits and does not work, so that several calls of a process go on at the same time.
	waits bool
	// rated says that its latencies are measured at steady rates, too.
	rated bool
}

var (
	flask  = peer.Package{Name: "Flask", Module: "flask"}
	django = peer.Package{Name: "Django", Module: "django"}
)

// upload is what is posted: 10 KiB.
var upload = strings.Repeat("0123456789abcde\n", 640)

// applications are all there are, in the order in which they are run.
var applications = []application{
	{name: "hello", says: "the least that an application can do", app: "hello:application", requests: get("/"), rated: true},
	{name: "json", says: "10 KiB of JSON, made for each request", app: "plain:rows", requests: get("/")},
	{name: "echo", says: "10 KiB posted and sent back", app: "plain:echo",
		requests: []generator.Request{{Method: "POST", Path: "/", Body: upload}}, rated: true},
	{name: "flask", says: "a route of Flask with a number in it", app: "flasks:application", requests: get("/users/7"),
		packages: []peer.Package{flask}, rated: true},
	{name: "django", says: "a page of Django: a template with 50 rows, and a new project's middleware", app: "pages:application",
		requests: get("/list"), packages: []peer.Package{django}, rated: true},
	{name: "django-query", says: "the same with the rows from sqlite", app: "pages:application", requests: get("/query"),
		packages: []peer.Package{django}, rated: true},
	{name: "large", says: "1 MiB in one piece", app: "plain:large", requests: get("/")},
	{name: "chunks", says: "100 chunks of 256 bytes from a generator", app: "plain:chunks", requests: get("/")},
	{name: "sleep", says: "sleep(10 ms)", app: "plain:sleep", requests: get("/"), waits: true},
	{name: "mixed", says: "95 % hello and 5 % sleep(200 ms); the latencies are those of the 95 %", app: "plain:mixed", requests: mixed(),
		waits: true, rated: true},
	{name: "static-1k", says: "a file of 1 KiB", app: "hello:application", file: 1 << 10, rated: true},
	{name: "static-10k", says: "a file of 10 KiB", app: "hello:application", file: 10 << 10},
	{name: "static-1m", says: "a file of 1 MiB", app: "hello:application", file: 1 << 20},
}

func get(path string) []generator.Request { return []generator.Request{{Method: "GET", Path: path}} }

// mixed is one slow request for every nineteen fast ones.
func mixed() []generator.Request {
	requests := slices.Repeat(get("/"), 20)
	requests[10] = generator.Request{Method: "GET", Path: "/slow", Aside: true}
	return requests
}

func applicationNames() []string {
	names := make([]string, 0, len(applications))
	for _, a := range applications {
		names = append(names, a.name)
	}
	return names
}
