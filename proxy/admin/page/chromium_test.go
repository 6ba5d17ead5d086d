package page_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/proxy/admin/chromiumtest"
)

// desk is a window on a desk.
var desk = chromiumtest.View{Width: 1280, Height: 800}

// stuck is the cell of a thread that is stuck in a request with a name that its client chose badly.
const stuck = `[data-at="4713:6"]`

// open opens the server's page and waits for the first event.
func open(t *testing.T, browser *chromiumtest.Browser, s *server, view chromiumtest.View) *chromiumtest.Tab {
	t.Helper()
	tab := browser.Open(t, view)
	tab.Navigate(s.url())
	tab.Await(`document.querySelector("#bar")?.dataset.link === "live"`)
	return tab
}

// TestThePageInChromium has one browser for all, as that is what takes time.
func TestThePageInChromium(t *testing.T) {
	browser := chromiumtest.Start(t)
	for name, test := range map[string]func(*testing.T, *chromiumtest.Browser){
		"fits every screen":                           fits,
		"shows what the server says":                  showsTheServer,
		"shows a thread's request and stack":          showsAThread,
		"is used with the keys alone":                 hasKeys,
		"reads its charts out":                        readsCharts,
		"tells the last minutes as a table":           hasATable,
		"changes little of the document":              changesLittle,
		"survives a restart of the server":            survives,
		"asks for a token":                            asksForAToken,
		"reloads when that is asked for twice":        reloads,
		"keeps the chosen scheme":                     keepsTheScheme,
		"shows a server that has nothing to be shown": showsNothing,
		"shows very many threads":                     showsMany,
		"is for everybody, light":                     func(t *testing.T, b *chromiumtest.Browser) { accessible(t, b, false) },
		"is for everybody, dark":                      func(t *testing.T, b *chromiumtest.Browser) { accessible(t, b, true) },
	} {
		t.Run(name, func(t *testing.T) { test(t, browser) })
	}
}

func fits(t *testing.T, browser *chromiumtest.Browser) {
	tab := open(t, browser, newServer(t, sample()), desk)
	for name, view := range map[string]chromiumtest.View{
		"phone":       {Width: 360, Height: 780, Mobile: true},
		"tablet-dark": {Width: 820, Height: 1100, Dark: true},
		"desk":        desk,
		"wide":        {Width: 2560, Height: 1300},
	} {
		tab.Show(view)
		tab.Screenshot("page-" + name)
		var wider []string
		tab.Eval(`[...document.querySelectorAll("body *:not(.hidden, .skip)")].filter((node) =>
			node.getBoundingClientRect().right > innerWidth + 1 && !node.closest("thead, .wide")).map((node) => node.outerHTML.slice(0, 200))`, &wider)
		assert.Empty(t, wider, "it is wider than the screen of a %s", name)
	}
	assert.Empty(t, tab.Faults())
}

func showsTheServer(t *testing.T, browser *chromiumtest.Browser) {
	tab := open(t, browser, newServer(t, sample()), desk)
	for selector, want := range map[string]string{
		"h1":                   "shop:app",
		"#state":               "serving",
		".about":               "pid 4700",
		"[data-v=uptime]":      "2 h 1 min",
		"[data-v=rate]":        "118",
		"#workers .worker":     "pid 4711 12,840 requests",
		"[data-v=p99]":         "231 ms",
		"[data-v=busy-more]":   "of 32",
		"[data-v=queue-more]":  "oldest 31 ms",
		"[data-v=memory]":      "390 MiB",
		stuck:                  "95s",
		"#workers":             "generation 3, up 2 h 1 min, GIL wait 400 µs",
		"#slow tbody tr":       "document.title='taken'",
		"#errors":              "the worker was killed by signal 9",
		"#paths":               "1 of 20",
		"#limits":              "201,993",
		"[data-v=redis]":       "Redis down for 42 s, 17 errors",
		"#statuses":            "391,022",
		"#reasons":             "188",
		"[data-v=static-rate]": "99.7 %",
		"#restarts":            "12",
		"[data-v=spool]":       "11.0 MiB of 128 MiB",
	} {
		assert.Contains(t, tab.Text(selector), want, selector)
	}
	var title string
	tab.Eval("document.title", &title)
	assert.Equal(t, "shop:app · forebay", title, "the name of a path has run as a script")

	var rows int
	tab.Eval(`document.querySelectorAll("#slow tbody tr").length`, &rows)
	assert.Equal(t, 10, rows)
	tab.Click("#slow-more")
	tab.Eval(`document.querySelectorAll("#slow tbody tr").length`, &rows)
	assert.Equal(t, 12, rows)
	assert.Empty(t, tab.Faults())
}

func showsAThread(t *testing.T, browser *chromiumtest.Browser) {
	s := newServer(t, sample())
	tab := open(t, browser, s, desk)
	tab.Click(stuck)
	tab.Await(`document.querySelector("#stack").innerText.includes("in yearly_report")`)
	assert.Equal(t, "Worker 4713, thread 6", tab.Text("#thread-title"))
	assert.Equal(t, "stuck", tab.Text("[data-v=thread-state]"))
	assert.Equal(t, "95.0 s", tab.Text("[data-v=thread-age]"))
	assert.Contains(t, tab.Text("[data-v=thread-request]"), "GET /<img src=x")
	assert.Equal(t, "5f2c0022", tab.Text("[data-v=thread-id]"))
	assert.Contains(t, tab.Text("#stack"), "<img src=x onerror", "a name of a file is text")
	tab.Screenshot("thread")

	tab.Click("#stack-all")
	tab.Await(`document.querySelector("#stack").innerText.startsWith("All threads")`)
	_, asked := s.taken()
	assert.Equal(t, []string{"4713?thread=6", "4713?"}, asked)

	gone := later(sample(), 2)
	gone["workers"] = gone["workers"].([]object)[:2]
	s.publish(gone)
	tab.Await(`document.querySelector("[data-v=thread-state]").innerText === "ended"`)
	assert.Contains(t, tab.Text("#stack"), "yearly_report", "what is known of a worker that has ended stays")
	assert.Empty(t, tab.Faults())
}

// active is what has the focus: the place of a thread, or else an id.
const active = `document.activeElement.dataset.at ?? document.activeElement.id`

func hasKeys(t *testing.T, browser *chromiumtest.Browser) {
	s := newServer(t, sample())
	tab := open(t, browser, s, desk)
	at := func() (focus string) {
		tab.Eval(active, &focus)
		return focus
	}
	var stops int
	tab.Eval(`document.querySelectorAll("#workers [tabindex='0']").length`, &stops)
	assert.Equal(t, 1, stops, "the map is one stop of the Tab key")

	tab.Eval(`document.querySelector("#workers [tabindex='0']").focus()`, nil)
	require.Equal(t, "4711:0", at())
	for _, step := range []struct{ key, want string }{
		{"ArrowRight", "4711:1"}, {"ArrowDown", "4712:1"}, {"End", "4712:7"}, {"ArrowRight", "4712:7"}, {"ArrowDown", "4713:7"},
		{"ArrowLeft", "4713:6"}, {"Enter", "thread"}, {"Escape", "4713:6"}, {"Home", "4713:0"}, {"ArrowUp", "4712:0"},
	} {
		tab.Press(step.key)
		assert.Equal(t, step.want, at(), step.key)
	}
	var hidden bool
	tab.Eval(`document.querySelector("#thread").hidden`, &hidden)
	assert.True(t, hidden, "Esc has closed the details")
	tab.Eval(`document.querySelectorAll("#workers [tabindex='0']").length`, &stops)
	assert.Equal(t, 1, stops)

	next := later(sample(), 1)
	next["workers"] = next["workers"].([]object)[1:]
	s.publish(next)
	tab.Await(`!document.querySelector('[data-at="4711:0"]')`)
	assert.Equal(t, "4712:0", at(), "an update does not take the focus")
	assert.Empty(t, tab.Faults())
}

func readsCharts(t *testing.T, browser *chromiumtest.Browser) {
	tab := open(t, browser, newServer(t, sample()), desk)
	value := func(name string) (text string) {
		tab.Eval(fmt.Sprintf(`document.querySelectorAll(".plot")[1].getAttribute(%q)`, name), &text)
		return text
	}
	assert.Regexp(t, `^\d\d:\d\d:39: p99 10\d ms, p50 4\.\d\d ms$`, value("aria-valuetext"))
	tab.Eval(`document.querySelectorAll(".plot")[1].focus()`, nil)
	tab.Press("Home")
	assert.Equal(t, "-299", value("aria-valuenow"))
	tab.Press("ArrowRight", "ArrowRight")
	assert.Equal(t, "-297", value("aria-valuenow"))
	assert.Regexp(t, `^\d\d:\d\d:42: p99 `, value("aria-valuetext"))
	assert.Regexp(t, `\d\d:\d\d:42`, tab.Text(".chart .keys"), "all charts show the same second")
	tab.Press("Escape")
	assert.Equal(t, "0", value("aria-valuenow"))
	tab.Eval(`document.activeElement.blur()`, nil)

	var box struct{ X, Y, Width, Height float64 }
	tab.Eval(`document.querySelectorAll(".plot")[0].getBoundingClientRect().toJSON()`, &box)
	tab.Point(box.X+box.Width*0.6, box.Y+box.Height/2)
	tab.Await(`document.querySelector(".hair").getAttribute("d") !== ""`)
	assert.Regexp(t, `\d\d:\d\d:\d\d`, tab.Text(".chart .keys"), "the pointer chooses a second")
	tab.Screenshot("pointer")
	tab.Point(5, 5)
	tab.Await(`document.querySelector(".hair").getAttribute("d") === ""`)

	var lines []string
	tab.Eval(`[...document.querySelectorAll(".line")].map((line) => line.getAttribute("d"))`, &lines)
	for _, line := range lines {
		assert.NotContains(t, line, "NaN")
		assert.Greater(t, len(line), 1000, "a line through five minutes")
	}
	assert.Empty(t, tab.Faults())
}

func hasATable(t *testing.T, browser *chromiumtest.Browser) {
	tab := open(t, browser, newServer(t, sample()), desk)
	tab.Click("#history summary")
	tab.Await(`document.querySelectorAll("#history tbody tr").length === 11`)
	assert.Contains(t, tab.Text("#history tbody tr"), "ms")
	tab.Screenshot("table")
	assert.Empty(t, tab.Faults())
}

// changesLittle counts what an event does to the document: that is what an update costs, and what flickers.
func changesLittle(t *testing.T, browser *chromiumtest.Browser) {
	s := newServer(t, sample())
	tab := open(t, browser, s, desk)
	tab.Eval(`globalThis.changes = [], globalThis.watch = new MutationObserver((list) => changes.push(...list.map((one) =>
		one.type + " " + (one.target.dataset?.v ?? one.target.id ?? one.target.nodeName) + " " + (one.attributeName ?? "")))),
		watch.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true }), null`, nil)
	changed := func(status object) (changes []string) {
		s.publish(status)
		tab.Await(fmt.Sprintf(`document.querySelector("[data-v=version]").innerText === %q`, status["version"]))
		tab.Eval(`changes.splice(0)`, &changes)
		return changes
	}
	same := sample()
	same["version"] = "1.0.1"
	assert.Len(t, changed(same), 1, "only the version")

	next := later(same, 1)
	next["version"] = "1.0.2"
	changes := changed(next)
	assert.Less(t, len(changes), 90, "%q", changes)
	assert.NotContains(t, changes, "childList workers ")
}

func survives(t *testing.T, browser *chromiumtest.Browser) {
	s := newServer(t, sample())
	tab := open(t, browser, s, desk)
	tab.Click(stuck)
	s.stop()
	tab.Await(`document.querySelector("#bar").dataset.link === "lost"`)
	assert.Regexp(t, `^Connection lost since \d\d:\d\d:\d\d`, tab.Text("#link"))
	var disabled bool
	tab.Eval(`document.querySelector("#reload").disabled`, &disabled)
	assert.True(t, disabled, "there is nobody to be told to reload")
	tab.Screenshot("lost")

	restarted := sample()
	restarted["now"], restarted["started"], restarted["pid"] = start+20, start+18.0, 5900
	restarted["history"] = []object{{"t": start + 20, "requests": 3, "errors": 0, "p50": 0.01, "p99": 0.02, "queue_p99": 0, "busy": 1}}
	s.publish(restarted)
	s.listen()
	tab.Click("#again")
	tab.Await(`document.querySelector("#bar").dataset.link === "live"`)
	assert.Equal(t, "The server was restarted: pid 4700 is now 5900.", tab.Text("#notice"))
	assert.Contains(t, tab.Text(".about"), "pid 5900")
	var line string
	tab.Eval(`document.querySelector(".line").getAttribute("d")`, &line)
	assert.Greater(t, len(line), 1000, "what was known of the time before is still there")
	assert.Regexp(t, `M[^M]+M`, line, "and the time between is a gap")
	tab.Screenshot("restarted")

	s.publish(later(restarted, 1))
	tab.Await(`document.querySelector("[data-v=uptime]").innerText === "3 s"`)
	assert.Empty(t, tab.Faults())
}

func asksForAToken(t *testing.T, browser *chromiumtest.Browser) {
	s := newServer(t, sample())
	s.token = "of many letters & signs"
	tab := browser.Open(t, desk)
	tab.Navigate(s.url())
	tab.Await(`document.activeElement?.id === "token-value"`)
	assert.Equal(t, "Waiting for the token.", tab.Text("#link"))
	tab.Type("wrong")
	tab.Press("Enter")
	tab.Await(`document.querySelector("#token-fault").innerText !== ""`)
	tab.Screenshot("token")

	tab.Eval(`document.querySelector("#token-value").value = ""`, nil)
	tab.Type(s.token)
	tab.Press("Enter")
	tab.Await(`document.querySelector("#bar").dataset.link === "live"`)
	var page struct {
		Hidden         bool
		Cookie, Search string
	}
	tab.Eval(`({ hidden: document.querySelector("#token").hidden, cookie: document.cookie, search: location.search })`, &page)
	assert.True(t, page.Hidden)
	assert.Empty(t, page.Cookie+page.Search, "no script and no history has the token")
	assert.Empty(t, tab.Faults())
}

func reloads(t *testing.T, browser *chromiumtest.Browser) {
	s := newServer(t, sample())
	tab := open(t, browser, s, desk)
	tab.Click("#reload")
	tab.Await(`document.querySelector("#reload-dialog").open`)
	tab.Screenshot("reload")
	tab.Press("Escape")
	tab.Await(`!document.querySelector("#reload-dialog").open`)
	posts, _ := s.taken()
	assert.Empty(t, posts, "Esc asks for nothing")

	tab.Click("#reload")
	tab.Click("#reload-go")
	tab.Await(`document.querySelector("#notice").innerText.startsWith("Reload started at ")`)
	posts, _ = s.taken()
	assert.Equal(t, []string{"/api/reload"}, posts)

	done := later(sample(), 2)
	done["reload"] = object{"time": start + 1.5, "ok": false, "error": "shop.py, line 3: SyntaxError"}
	s.publish(done)
	tab.Await(`document.querySelector("#notice").innerText.endsWith("changed nothing: shop.py, line 3: SyntaxError")`)
	assert.Empty(t, tab.Faults())
}

func keepsTheScheme(t *testing.T, browser *chromiumtest.Browser) {
	s := newServer(t, sample())
	tab := open(t, browser, s, desk)
	paper := func() (colour string) {
		tab.Eval(`getComputedStyle(document.body).backgroundColor`, &colour)
		return colour
	}
	light := paper()
	tab.Click("input[value=dark]")
	tab.Await(`document.documentElement.dataset.theme === "dark"`)
	dark := paper()
	assert.NotEqual(t, light, dark)
	tab.Navigate(s.url())
	tab.Await(`document.querySelector("#bar")?.dataset.link === "live" && document.querySelector("input[value=dark]").checked`)
	assert.Equal(t, dark, paper(), "it is kept for the next visit")
	tab.Click("input[value=auto]")
	tab.Await(`document.documentElement.dataset.theme === undefined`)
	assert.Equal(t, light, paper())
	assert.Empty(t, tab.Faults())
}

// showsNothing: a server that starts has no worker, no request and no history, and an older one lacks what is new.
func showsNothing(t *testing.T, browser *chromiumtest.Browser) {
	tab := open(t, browser, newServer(t, object{"now": start, "started": start, "pid": 1, "state": "starting", "app": "shop:app"}), desk)
	assert.Equal(t, "starting", tab.Text("#state"))
	assert.Contains(t, tab.Text("main"), "No worker yet.")
	tab.Screenshot("nothing")
	assert.NotContains(t, tab.Text("body"), "NaN")
	assert.NotContains(t, tab.Text("body"), "undefined")
	assert.Empty(t, tab.Faults())
}

func showsMany(t *testing.T, browser *chromiumtest.Browser) {
	status := sample()
	workers := make([]object, 16)
	for i := range workers {
		threads := make([]object, 16)
		for n := range threads {
			threads[n] = object{"thread": n, "state": "busy", "since": start - 3.0, "request": object{"id": "a", "method": "GET", "path": "/"}}
		}
		workers[i] = object{"pid": 100 + i, "generation": 1, "state": "serving", "started": start - 100.0, "requests": 3, "rss": 90 << 20, "threads": threads}
	}
	status["workers"] = workers
	tab := open(t, browser, newServer(t, status), desk)
	var height float64
	tab.Eval(`document.querySelector("#workers").getBoundingClientRect().height`, &height)
	assert.Less(t, height, 1200.0, "256 threads fit two screens")
	tab.Screenshot("many")
	tab.Click(`[data-at="115:15"]`)
	tab.Await(`document.querySelector("#stack").innerText.includes("in yearly_report")`)
	var seen bool
	tab.Eval(`document.querySelector("#thread").getBoundingClientRect().top < innerHeight`, &seen)
	assert.True(t, seen, "the details are on the screen")
	assert.Empty(t, tab.Faults())
}

// accessible has axe-core look for what keeps people with disabilities out.
func accessible(t *testing.T, browser *chromiumtest.Browser, dark bool) {
	source, err := os.ReadFile(filepath.Join("..", "..", "..", ".cache", "axe", "axe.min.js"))
	if err != nil {
		t.Skip("axe-core is not installed: .ci/axe does that where there is npm")
	}
	s := newServer(t, sample())
	tab := open(t, browser, s, chromiumtest.View{Width: 1280, Height: 800, Dark: dark, Still: true})
	tab.Click(stuck)
	tab.Click("#history summary")
	tab.Eval(string(source)+";null", nil)
	check := func(state string) {
		var violations []string
		tab.Eval(`axe.run().then(({ violations }) => violations.flatMap(({ id, help, nodes }) =>
			nodes.map(({ html, failureSummary }) => [id, help, html, failureSummary].join(" | "))))`, &violations)
		assert.Empty(t, violations, state)
	}
	check("with a thread's details")
	if dark {
		tab.Click("#reload")
		check("with the question about a reload")
		return
	}
	tab.Show(chromiumtest.View{Width: 360, Height: 780, Mobile: true})
	s.stop()
	tab.Await(`document.querySelector("#bar").dataset.link === "lost"`)
	check("on a phone, without a connection")
}
