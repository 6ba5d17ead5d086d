package main_test

import (
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/proxy/admin/chromiumtest"
)

// TestLivePage uses the live page of a real server as an operator does: it gives the token, looks at what a thread runs,
// reloads, and goes on after a restart.
func TestLivePage(t *testing.T) {
	browser := chromiumtest.Start(t)
	st := newStage(t)
	admin := unusedAddress(t)
	args := []string{
		"-w", "2", "--threads", "2", "--chdir", apps, "-e", st.env(), "--admin", admin, "--admin-token", "a-token-of-many-letters", "stage",
	}
	s := startForebay(t, args...)
	reply := begin(s.URL + `/<img src=x onerror="document.title='taken'">`)
	conn, worker := st.request()

	tab := browser.Open(t, chromiumtest.View{Width: 1280, Height: 800})
	tab.Navigate("http://" + admin + "/")
	tab.Await(`document.activeElement?.id === "token-value"`)
	tab.Type("a-token-of-many-letters")
	tab.Press("Enter")
	tab.Await(`document.querySelector("#bar").dataset.link === "live"`)
	assert.Equal(t, "stage", tab.Text("h1"))
	assert.Equal(t, "serving", tab.Text("#state"))
	assert.Contains(t, tab.Text(".about"), fmt.Sprintf("pid %d", s.PID))

	tab.Await(`document.querySelector("#workers [data-state=busy]")`)
	tab.Click("#workers [data-state=busy]")
	tab.Await(`document.querySelector("#stack").innerText.includes("in application")`)
	assert.Contains(t, tab.Text("#thread-title"), fmt.Sprintf("Worker %d, thread ", worker))
	assert.Contains(t, tab.Text("[data-v=thread-request]"), "GET /%3Cimg")
	assert.NotEqual(t, "–", tab.Text("[data-v=thread-id]"))
	tab.Screenshot("real")

	_, err := fmt.Fprintln(conn, "answer done")
	require.NoError(t, err)
	assert.Equal(t, 200, (<-reply).status)
	tab.Await(`document.querySelector("[data-v=thread-state]").innerText === "idle"`)
	tab.Await(`document.querySelector("#slow tbody tr")?.innerText.includes("onerror")`)
	tab.Await(`document.querySelector("#statuses").innerText.includes("200")`)

	tab.Click("#reload")
	tab.Click("#reload-go")
	tab.Await(`document.querySelector("#notice").innerText.startsWith("Reloaded at ")`)
	tab.Await(`document.querySelector("#workers").innerText.includes("generation 2")`)

	s.Stop()
	tab.Await(`document.querySelector("#bar").dataset.link === "lost"`)
	again := startForebay(t, args...)
	tab.Click("#again")
	tab.Await(`document.querySelector("#bar").dataset.link === "live"`)
	assert.Equal(t, fmt.Sprintf("The server was restarted: pid %d is now %d.", s.PID, again.PID), tab.Text("#notice"))
	tab.Screenshot("real-restarted")

	var title string
	tab.Eval("document.title", &title)
	assert.Equal(t, "stage · forebay", title, "the name of a path has run as a script")
	assert.Empty(t, tab.Faults())
}

// unusedAddress is one that nobody listens at, for a server that comes back to it.
func unusedAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, ln.Close())
	return ln.Addr().String()
}
