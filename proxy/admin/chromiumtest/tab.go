package chromiumtest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/require"
)

// Tab is a page of the browser. Its methods are for the test's own goroutine and fail the test when the browser refuses.
type Tab struct {
	t       T
	wire    *wire
	session string

	mu     sync.Mutex
	faults []string
}

// View is what a page is shown on.
type View struct {
	// Width and Height are in CSS pixels.
	Width, Height int
	// Dark asks for the dark colour scheme, Mobile for a phone's behaviour, Still for reduced motion.
	Dark, Mobile, Still bool
}

// Open opens an empty tab until the end of the test.
func (b *Browser) Open(t T, view View) *Tab {
	t.Helper()
	var context struct {
		ID string `json:"browserContextId"`
	}
	require.NoError(t, b.wire.call(t.Context(), "", "Target.createBrowserContext", map[string]any{"disposeOnDetach": true}, &context))
	var target struct {
		ID string `json:"targetId"`
	}
	require.NoError(t, b.wire.call(t.Context(), "", "Target.createTarget",
		map[string]any{"url": "about:blank", "browserContextId": context.ID}, &target))
	var session struct {
		ID string `json:"sessionId"`
	}
	require.NoError(t, b.wire.call(t.Context(), "", "Target.attachToTarget", map[string]any{"targetId": target.ID, "flatten": true}, &session))
	tab := &Tab{t: t, wire: b.wire, session: session.ID}
	b.wire.listen(session.ID, tab.event)
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		tab.call(domain+".enable", nil, nil)
	}
	tab.Show(view)
	t.Cleanup(func() {
		b.wire.listen(session.ID, nil)
		_, _ = b.wire.send("", "Target.closeTarget", map[string]any{"targetId": target.ID}) // or it ends with the browser
	})
	return tab
}

func (tab *Tab) call(method string, params, result any) {
	tab.t.Helper()
	if params == nil {
		params = struct{}{}
	}
	require.NoError(tab.t, tab.wire.call(tab.t.Context(), tab.session, method, params, result))
}

// event keeps what a page's author should know of: exceptions, errors of the console, and what the policy has stopped.
func (tab *Tab) event(m *message) {
	var params struct {
		Details struct {
			Text      string `json:"text"`
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
		Entry struct {
			Source, Level, Text, URL string
		} `json:"entry"`
	}
	_ = json.Unmarshal(m.Params, &params) // what has other fields is not one of these
	tab.mu.Lock()
	defer tab.mu.Unlock()
	switch {
	case m.Method == "Runtime.exceptionThrown":
		tab.faults = append(tab.faults, params.Details.Text+" "+params.Details.Exception.Description)
	case m.Method == "Log.entryAdded" && params.Entry.Level == "error":
		tab.faults = append(tab.faults, fmt.Sprintf("%s: %s %s", params.Entry.Source, params.Entry.Text, params.Entry.URL))
	}
}

// Faults returns the exceptions and logged errors since the last call, but for those of the network: a test that stops a
// server expects them.
func (tab *Tab) Faults() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	var faults []string
	for _, fault := range tab.faults {
		if !strings.HasPrefix(fault, "network:") {
			faults = append(faults, fault)
		}
	}
	tab.faults = nil
	return faults
}

// Show changes what the page is shown on.
func (tab *Tab) Show(view View) {
	tab.t.Helper()
	tab.call("Emulation.setDeviceMetricsOverride", map[string]any{
		"width": view.Width, "height": view.Height, "deviceScaleFactor": 1, "mobile": view.Mobile,
	}, nil)
	scheme, motion := "light", "no-preference"
	if view.Dark {
		scheme = "dark"
	}
	if view.Still {
		motion = "reduce"
	}
	tab.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{
		{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": motion},
	}}, nil)
}

// Navigate opens a page. It does not wait until the page is loaded.
func (tab *Tab) Navigate(address string) {
	tab.t.Helper()
	var result struct {
		Error string `json:"errorText"`
	}
	tab.call("Page.navigate", map[string]any{"url": address}, &result)
	require.Empty(tab.t, result.Error)
}

// Eval runs an expression in the page, waits for the promise that it may be, and writes its value into result unless that
// is nil.
func (tab *Tab) Eval(expression string, result any) {
	tab.t.Helper()
	var answer struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		Details *struct {
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
	}
	tab.call("Runtime.evaluate", map[string]any{
		"expression": expression, "awaitPromise": true, "returnByValue": true, "allowUnsafeEvalBlockedByCSP": true,
	}, &answer)
	require.Nil(tab.t, answer.Details, "%s: %+v", expression, answer.Details)
	if result != nil && len(answer.Result.Value) > 0 {
		require.NoError(tab.t, json.Unmarshal(answer.Result.Value, result))
	}
}

// Text returns the text of the first element that a selector finds as a person sees it, or "" without one.
func (tab *Tab) Text(selector string) string {
	tab.t.Helper()
	var text string
	tab.Eval(fmt.Sprintf("document.querySelector(%q)?.innerText ?? ''", selector), &text)
	return text
}

// Await waits until an expression is true in the page.
func (tab *Tab) Await(expression string) {
	tab.t.Helper()
	for end := time.Now().Add(patience / 2); ; {
		var is bool
		tab.Eval("Boolean("+expression+")", &is)
		if is {
			return
		}
		if time.Now().After(end) {
			require.FailNow(tab.t, "it does not become true", "%s\nfaults: %q\n%s", expression, tab.Faults(), tab.Text("body"))
		}
		tab.Eval("new Promise((go) => setTimeout(go, 20))", nil)
	}
}

// Click scrolls to the first element that a selector finds and presses the mouse's button at its middle.
func (tab *Tab) Click(selector string) {
	tab.t.Helper()
	var at struct{ X, Y float64 }
	tab.Eval(fmt.Sprintf(`(() => {
		const node = document.querySelector(%q);
		node.scrollIntoView({ block: "center", behavior: "instant" });
		const { x, y, width, height } = node.getBoundingClientRect();
		return { x: x + width / 2, y: y + height / 2 };
	})()`, selector), &at)
	tab.Point(at.X, at.Y)
	for _, kind := range []string{"mousePressed", "mouseReleased"} {
		tab.call("Input.dispatchMouseEvent", map[string]any{"type": kind, "x": at.X, "y": at.Y, "button": "left", "clickCount": 1}, nil)
	}
}

// Point moves the mouse to a place in the window.
func (tab *Tab) Point(x, y float64) {
	tab.t.Helper()
	tab.call("Input.dispatchMouseEvent", map[string]any{"type": "mouseMoved", "x": x, "y": y}, nil)
}

// Press presses keys one after the other, by the names that events have: "Enter", "ArrowLeft", "Tab".
func (tab *Tab) Press(keys ...string) {
	tab.t.Helper()
	codes := map[string]int{"Tab": 9, "Enter": 13, "Escape": 27, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
	for _, key := range keys {
		require.Contains(tab.t, codes, key)
		event := map[string]any{"type": "rawKeyDown", "key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
		if key == "Enter" {
			event["type"], event["text"] = "keyDown", "\r" // a button is pressed by the character
		}
		tab.call("Input.dispatchKeyEvent", event, nil)
		event["type"] = "keyUp"
		delete(event, "text")
		tab.call("Input.dispatchKeyEvent", event, nil)
	}
}

// Type writes a text into what has the focus.
func (tab *Tab) Type(text string) {
	tab.t.Helper()
	tab.call("Input.insertText", map[string]any{"text": text}, nil)
}

// Screenshot writes the whole page as NAME.png into the directory that CHROMIUM_SCREENSHOTS names, and nothing without it.
func (tab *Tab) Screenshot(name string) {
	tab.t.Helper()
	dir := os.Getenv("CHROMIUM_SCREENSHOTS")
	if dir == "" {
		return
	}
	var shot struct {
		Data string `json:"data"`
	}
	var metrics struct {
		Size struct{ Width, Height float64 } `json:"cssContentSize"`
	}
	tab.call("Page.getLayoutMetrics", nil, &metrics)
	tab.call("Page.captureScreenshot", map[string]any{
		"captureBeyondViewport": true,
		"clip":                  map[string]any{"x": 0, "y": 0, "width": metrics.Size.Width, "height": metrics.Size.Height, "scale": 1},
	}, &shot)
	data, err := base64.StdEncoding.DecodeString(shot.Data)
	require.NoError(tab.t, err)
	require.NoError(tab.t, os.WriteFile(filepath.Join(dir, name+".png"), data, 0o600))
}
