package top

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/proxy/status"
)

// busyServer is a server of two workers with two threads each, three of which run something.
func busyServer() *status.Status {
	return &status.Status{
		Version: "1.2", PID: 7, Now: 1000, Started: 900, State: status.Serving, App: "shop:app", Python: "3.12.1", Host: "web1",
		Listeners: []string{"http://127.0.0.1:8000"},
		Reload:    &status.Reload{Number: 1, Time: 940, Error: "no such thing\nTraceback"},
		Requests:  status.Requests{Total: 500, ByStatus: map[string]uint64{"200": 400, "201": 50, "404": 40, "499": 7, "503": 3}},
		Latency:   status.Latency{Window: 60, Count: 120, P50: 0.012, P90: 0.04, P99: 1.5},
		Slots:     status.Slots{Total: 4, Busy: 3, Idle: 1},
		Queue:     status.Queue{Length: 2, Limit: 2048, Oldest: 0.3, Paths: []status.Path{{Prefix: "/report", Limit: 20, Busy: 1, Slots: 2}}},
		Restarts:  status.Restarts{Died: 2},
		Limits:    []status.Limit{{Name: "login", Allowed: 5, Refused: 1}},
		Redis:     status.Redis{State: "down", Since: 990, Errors: 3},
		Static:    status.Static{Files: 2, Memory: 2048, Hits: 3, Misses: 1},
		Workers: []status.Worker{
			{ID: 1, PID: 11, Generation: 1, State: "serving", Started: 900, Requests: 10, RSS: 20 << 20, GIL: new(0.0021), Threads: []status.Thread{
				{Thread: 0, State: "busy", Since: 999.5, Request: &status.Request{ID: "a1", Method: "GET", Path: "/b"}},
				{Thread: 1, State: "idle"},
			}},
			{ID: 2, PID: 12, Generation: 1, State: "serving", Started: 900, Threads: []status.Thread{
				{Thread: 0, State: "busy", Since: 998, Request: &status.Request{ID: "a2", Method: "POST", Path: "/a\x1b[2J\u202e"}},
				{Thread: 1, State: "stuck", Since: 960, Request: &status.Request{ID: "a3", Method: "GET", Path: "/c"}},
			}},
		},
		Slow:   []status.Slow{{ID: "s1", Method: "GET", Path: "/slow", Status: 200, Total: 2.5, Application: 2.4}},
		Errors: []status.ErrorEntry{{ID: "e1", Time: 995, Method: "GET", Path: "/e", Status: 503, Reason: "queue full"}},
	}
}

func TestReport(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, Write(&b, busyServer()))
	for _, row := range []string{
		`shop:app  serving for 1m40s  pid 7 on web1  forebay 1\.2  Python 3\.12\.1`,
		`requests     500, 2\.0/s  2xx 450  4xx 40  499 7  5xx 3`,
		`latency      p50 12 ms, p90 40 ms, p99 1\.5 s .*`, `slots        3 of 4 busy`, `queue        2 of 2048, oldest 300 ms; .*`,
		`  /report  0 of 20 wait, oldest 0; 1 of 2 slots busy`, `restarts     died 2`, `limit        login: 5 passed, 1 refused, .*`,
		`redis        down for 10\.0 s, 3 errors`, `memory       .* 2 static files, 2\.0 KiB, 75 % hits`,
		`reload       1m00s ago, refused: no such thing`, `1 +11 +1 +serving +1m40s +10 +20\.0 MiB +2\.1 ms  #\.`, `2 +12 +1 +serving +1m40s +0 +0 B +-  #!`,
		`12 +1 +stuck +40\.0 s  GET /c  a3`, ` +2\.5 s .* 200  GET /slow  s1`, ` +5\.0 s +503  GET /e: queue full  e1`,
	} {
		assert.Regexp(t, `(?m)^`+row+`$`, b.String())
	}
	assert.NotContains(t, b.String(), "\x1b", "what a client has sent does not move the cursor")
	assert.NotContains(t, b.String(), "\u202e")
}

func TestReportOfAServerThatHasJustStarted(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, Write(&b, &status.Status{State: status.Starting}))
	assert.Contains(t, b.String(), "starting for 0")
	assert.Contains(t, b.String(), "no request in the last minute")
}

// shown are the threads as a screen has them, by pid and thread, with a star at the selected one.
func shown(s *screen) string {
	var all []string
	for _, line := range s.draw(100, 60) {
		var pid, thread int
		text, selected := strings.CutPrefix(line, reverse)
		if n, _ := fmt.Sscanf(text, "%d %d", &pid, &thread); n == 2 && pid > 10 {
			all = append(all, fmt.Sprintf("%d/%d%s", pid, thread, map[bool]string{true: "*"}[selected]))
		}
	}
	return strings.Join(all, " ")
}

func TestKeys(t *testing.T) {
	s := &screen{}
	assert.Len(t, s.draw(80, 24), 24, "before anything is known")
	s.see(busyServer())
	assert.Equal(t, "12/1* 12/0 11/0 11/1", shown(s))
	s.press(keyDown)
	s.press(keyDown)
	assert.Equal(t, "12/1 12/0 11/0* 11/1", shown(s))
	asked := s.press(keyEnter)
	require.NotNil(t, asked)
	assert.Equal(t, []int{11, 0}, []int{asked.pid, asked.thread})
	s.press(keySort)
	assert.Equal(t, "11/0 11/1 12/0* 12/1", shown(s))
	s.press(keySort)
	assert.Equal(t, "12/0 11/0 12/1* 11/1", shown(s))
	for range 9 {
		s.press(keyUp)
	}
	assert.Equal(t, "12/0* 11/0 12/1 11/1", shown(s))

	s.show("one\ntwo\x1b[H\nthree\n")
	assert.Contains(t, s.draw(80, 24)[1], "two\uFFFD[H")
	assert.Nil(t, s.press(keyEnter))
	s.press(keyDown)
	assert.Contains(t, s.draw(80, 24)[0], "two")
	s.press(keyQuit)
	assert.False(t, s.leaving, "it leads back to the page")
	s.press(keyQuit)
	assert.True(t, s.leaving)
}

func TestEveryScreenIsFilledAndNotMore(t *testing.T) {
	s := &screen{}
	st := busyServer()
	for i := range 300 {
		st.Workers[0].Threads = append(st.Workers[0].Threads, status.Thread{Thread: i + 2, State: "idle"})
	}
	s.see(st)
	for range 200 {
		s.press(keyDown)
	}
	for _, size := range [][2]int{{80, 24}, {20, 5}, {1, 1}, {300, 100}, {10, 2}} {
		lines := s.draw(size[0], size[1])
		assert.Len(t, lines, size[1])
		for _, line := range lines {
			text := strings.NewReplacer(bold, "", reverse, "", plain, "").Replace(line)
			assert.LessOrEqual(t, len([]rune(text)), size[0])
		}
	}
	assert.Contains(t, strings.Join(s.draw(80, 24), "\n"), reverse+"11", "the selected one is in sight")
}

func TestRateIsThatSinceTheStateBefore(t *testing.T) {
	s := &screen{}
	s.see(busyServer())
	assert.InDelta(t, 2, s.rate, 0.01)
	next := busyServer()
	next.Now, next.Requests.Total = 1002, 540
	s.see(next)
	assert.InDelta(t, 20, s.rate, 0.01)
	other := busyServer()
	other.PID, other.Now, other.Requests.Total = 8, 1003, 3
	s.see(other)
	assert.InDelta(t, 2, s.rate, 0.01, "another process counts anew")
}

func TestKeysOfATerminal(t *testing.T) {
	cases := map[string][]key{
		"q": {keyQuit}, "\x1b[A": {keyUp}, "\x1bOB": {keyDown}, "\x1b": {keyBack}, "\r": {keyEnter}, "\x03": {keyInterrupt},
		"\x1b[B\x1b[Bs": {keyDown, keyDown, keySort}, "xyz\x1b[C": nil,
	}
	for sent, want := range cases {
		assert.Equal(t, want, keysOf([]byte(sent)), "%q", sent)
	}
}

func TestUnits(t *testing.T) {
	for want, s := range map[string]float64{
		"0": 0, "350 µs": 350e-6, "1.5 ms": 1.5e-3, "12 ms": 12e-3, "3.4 s": 3.4, "5m20s": 320, "2h10m": 7800, "3d4h": 3*86400 + 4*3600,
	} {
		assert.Equal(t, want, seconds(s))
	}
	for want, n := range map[string]int64{"0 B": 0, "1023 B": 1023, "1.5 KiB": 1536, "200 MiB": 200 << 20, "2.0 TiB": 2 << 40} {
		assert.Equal(t, want, size(n))
	}
}
