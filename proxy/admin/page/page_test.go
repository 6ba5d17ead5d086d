package page_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"

	"forebay/proxy/admin/chromiumtest"
	"forebay/proxy/admin/page"
)

// views are what the page is looked at on.
var views = map[string]chromiumtest.View{
	"phone":      {Width: 360, Height: 780, Mobile: true},
	"phone-dark": {Width: 360, Height: 780, Mobile: true, Dark: true},
	"desk":       {Width: 1280, Height: 800},
	"desk-dark":  {Width: 1280, Height: 800, Dark: true, Still: true},
	"wide":       {Width: 2560, Height: 1300},
}

// open opens the server's page and waits for the first event.
func open(t *testing.T, browser *chromiumtest.Browser, s *server, view chromiumtest.View) *chromiumtest.Tab {
	t.Helper()
	tab := browser.Open(t, view)
	tab.Navigate(s.url())
	tab.Await(`document.querySelector("#bar")?.dataset.link === "live"`)
	return tab
}

func TestThePageHoldsAllItNeeds(t *testing.T) {
	html, header := string(page.HTML()), page.Header()
	assert.NotContains(t, html, "{{", "a place was not filled")
	assert.NotRegexp(t, regexp.MustCompile(`(?:src|href)="(?:https?:)?//`), html, "it asks another host")
	assert.NotContains(t, html, "innerHTML")
	policy := header["Content-Security-Policy"]
	assert.Contains(t, policy, "default-src 'none'")
	assert.Contains(t, policy, "connect-src 'self'")
	assert.NotContains(t, policy, "unsafe")
	assert.Less(t, len(html), 128<<10, "the page has grown large")

	header["Content-Security-Policy"] = ""
	assert.Equal(t, policy, page.Header()["Content-Security-Policy"], "the map is the caller's own")
}

func TestThePageInChromium(t *testing.T) {
	browser := chromiumtest.Start(t)
	for name, view := range views {
		t.Run("shows the server on "+name, func(t *testing.T) {
			s := newServer(t, sample())
			tab := open(t, browser, s, view)
			tab.Screenshot("page-" + name)
			assert.Equal(t, "shop:app", tab.Text("h1"))
			var wider bool
			tab.Eval("document.documentElement.scrollWidth > innerWidth", &wider)
			assert.False(t, wider, "the page is wider than the screen")
			assert.Empty(t, tab.Faults())
		})
	}
}
