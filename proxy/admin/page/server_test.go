package page_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"forebay/proxy/admin/page"
)

// start is the time at which the servers of these tests stand.
const start = 1_750_000_000

// object is a JSON object.
type object = map[string]any

// server speaks the API of the admin listener, and says what its test wants. It sends an event when it is told to.
type server struct {
	t       *testing.T
	address string
	token   string // asked for when it is not empty

	http    *http.Server
	serving sync.WaitGroup

	mu      sync.Mutex
	status  object
	streams map[chan object]bool
	posts   []string // what was posted with the field that a post needs
	asked   []string // the stacks that were asked for
}

func newServer(t *testing.T, status object) *server {
	t.Helper()
	s := &server{t: t, address: "127.0.0.1:0", status: status, streams: map[chan object]bool{}}
	s.listen()
	t.Cleanup(s.stop)
	return s
}

// listen begins to serve, at the address of before where there was one.
func (s *server) listen() {
	s.t.Helper()
	listener, err := net.Listen("tcp", s.address)
	require.NoError(s.t, err)
	s.address = listener.Addr().String()
	s.http = &http.Server{Handler: s.handler(), ReadHeaderTimeout: time.Minute}
	s.serving.Go(func() { _ = s.http.Serve(listener) }) // ends with stop
}

// stop cuts all connections.
func (s *server) stop() {
	_ = s.http.Close()
	s.serving.Wait()
}

func (s *server) url() string { return "http://" + s.address + "/" }

// publish sends a status to all streams, and to those that come later.
func (s *server) publish(status object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
	for stream := range s.streams {
		stream <- status
	}
}

// taken returns what was posted and which stacks were asked for.
func (s *server) taken() (posts, asked []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.posts...), append([]string(nil), s.asked...)
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page)
	mux.Handle("GET /api/status", s.guarded(func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		_ = json.NewEncoder(w).Encode(s.status)
	}))
	mux.Handle("GET /api/events", s.guarded(s.events))
	mux.Handle("GET /api/workers/{pid}/stack", s.guarded(s.stack))
	mux.Handle("POST /api/reload", s.guarded(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Forebay") != "1" {
			http.Error(w, "X-Forebay is missing", http.StatusForbidden)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.posts = append(s.posts, r.URL.Path)
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, `{"state":"started"}`)
	}))
	return mux
}

func (s *server) page(w http.ResponseWriter, r *http.Request) {
	if token := r.URL.Query().Get("token"); token != "" {
		if token == s.token {
			w.Header().Set("Set-Cookie", "token="+url.QueryEscape(token)+"; Path=/; HttpOnly; SameSite=Strict")
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	for name, value := range page.Header() {
		w.Header().Set(name, value)
	}
	_, _ = w.Write(page.HTML())
}

func (s *server) guarded(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie("token")
		if s.token != "" && (err != nil || cookie.Value != url.QueryEscape(s.token)) {
			http.Error(w, "a token is needed", http.StatusUnauthorized)
			return
		}
		next(w, r)
	})
}

func (s *server) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	stream := make(chan object, 16)
	s.mu.Lock()
	first := s.status
	s.streams[stream] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.streams, stream)
	}()
	for status := first; ; {
		text, _ := json.Marshal(status) // made of maps and numbers: never fails
		_, _ = fmt.Fprintf(w, ": a comment\n\nevent: status\ndata: %s\n\n", text)
		_ = http.NewResponseController(w).Flush()
		select {
		case status = <-stream:
		case <-r.Context().Done():
			return
		}
	}
}

func (s *server) stack(w http.ResponseWriter, r *http.Request) {
	asked := r.PathValue("pid") + "?" + r.URL.RawQuery
	s.mu.Lock()
	s.asked = append(s.asked, asked)
	s.mu.Unlock()
	of := "One thread"
	if r.URL.RawQuery == "" {
		of = "All threads"
	}
	_, _ = fmt.Fprintf(w, `%s (most recent call first):
  File "/srv/shop/views.py", line 42, in yearly_report
    rows = list(cursor)
  File "/srv/shop/<img src=x onerror=document.title='taken'>.py", line 7, in app
`, of)
}

// sample is the status of a shop that has something of everything, with names that clients chose badly.
func sample() object {
	workers := make([]object, 4)
	for i := range workers {
		threads := make([]object, 8)
		for n := range threads {
			threads[n] = object{"thread": n, "state": "idle", "since": start - 3.0, "request": nil}
		}
		workers[i] = object{
			"pid": 4711 + i, "generation": 3, "state": "serving", "started": start - 7300.0, "requests": 12840 + 977*i,
			"rss": (84 + 9*i) << 20, "gil_wait": 0.0004 * float64(1+i), "threads": threads,
		}
	}
	run := func(worker, thread int, state string, age float64, method, path string) {
		workers[worker]["threads"].([]object)[thread] = object{
			"thread": thread, "state": state, "since": start - age,
			"request": object{"id": fmt.Sprintf("5f2c%04d", worker*8+thread), "method": method, "path": path},
		}
	}
	run(0, 0, "busy", 0.2, "GET", "/")
	run(0, 3, "busy", 4.1, "GET", "/reports/yearly")
	run(1, 1, "busy", 12.7, "POST", "/orders")
	run(2, 6, "stuck", 95, "GET", `/<img src=x onerror="document.title='taken'">`)
	run(3, 0, "busy", 1.4, "GET", "/search")
	workers[3]["state"] = "retiring"
	workers[3]["generation"] = 2
	return object{
		"version": "1.0.0", "pid": 4700, "now": start, "started": start - 7312.0, "state": "serving", "app": "shop:app",
		"python": "3.11.7", "host": "web-1", "listeners": []string{"http://127.0.0.1:8000", "unix:/run/forebay.sock"},
		"requests": object{
			"total": 402193, "by_status": object{"200": 391022, "304": 8101, "404": 2290, "429": 512, "499": 77, "502": 3, "503": 188},
			"by_source": object{"application": 310400, "static": 90201, "handover": 880, "server": 712},
			"by_reason": object{"queue_full": 188, "client_left": 77, "worker_died": 3}, "received_bytes": 812 << 20, "sent_bytes": 41 << 30, "log_lines_dropped": 0,
		},
		"latency": object{
			"window": 60, "count": 7210, "p50": 0.0042, "p90": 0.028, "p99": 0.231, "queue_p50": 0.00004, "queue_p99": 0.0031,
			"application_p50": 0.0039, "application_p99": 0.22,
		},
		"history":     history(start - 1),
		"slots":       object{"total": 32, "busy": 5, "idle": 27},
		"queue":       object{"length": 2, "limit": 2048, "oldest": 0.031, "paths": []object{{"prefix": "/reports", "length": 1, "limit": 20, "busy": 1, "slots": 2}}},
		"connections": object{"open": 318, "idle": 290, "limit": 10000},
		"spool":       object{"memory": 11 << 20, "limit": 128 << 20},
		"workers":     workers,
		"restarts":    object{"died": 1, "max_requests": 12, "max_rss": 0, "max_lifetime": 2, "timeout": 1, "reload": 8},
		"limits": []object{
			{"name": "login", "allowed": 9120, "refused": 431, "delayed": 12, "dry_run": 0, "alone": 9, "keys": 88},
			{"name": "api-by-address", "allowed": 201993, "refused": 81, "delayed": 0, "dry_run": 44, "alone": 120, "keys": 1290},
		},
		"redis":  object{"state": "down", "since": start - 42.0, "errors": 17},
		"static": object{"files": 212, "memory": 9 << 20, "hits": 88110, "misses": 301},
		"slow":   slow(), "errors": failed(),
	}
}

// history is that of five minutes with a surge in their middle.
func history(end int) []object {
	entries := make([]object, 300)
	for i := range entries {
		surge := math.Exp(-math.Pow(float64(i-170)/14, 2))
		wave := 1 + 0.12*math.Sin(float64(i)/9) + 0.08*math.Sin(float64(i)*1.7)
		entries[i] = object{
			"t": end - 299 + i, "requests": math.Round((110 + 260*surge) * wave), "errors": math.Round(14 * math.Max(0, surge-0.6) * wave),
			"p50": 0.004 * wave * (1 + 4*surge), "p99": 0.09 * wave * wave * (1 + 14*surge), "queue_p99": 0.0008*wave + 0.9*surge*surge, "busy": math.Min(32, 4*wave+34*surge),
		}
	}
	return entries
}

func slow() []object {
	paths := []string{
		"/reports/yearly", "/search", `/<script>document.title='taken'</script>`, "/orders", "/uploads/" + strings.Repeat("very-long-name-", 8),
		"/reports/monthly", "/", "/cart", "/search", "/login", "/orders/81", "/export.csv",
	}
	requests := make([]object, len(paths))
	for i, path := range paths {
		share := float64(len(paths)-i) / 3
		requests[i] = object{
			"id": fmt.Sprintf("c0ffee%02d", i), "time": start - 11.0*float64(i+1), "method": "GET", "path": path, "status": 200, "read": 0.02 * share,
			"queue": 0.31 * share * float64(i%3), "application": 0.8 * share, "send": 0.11 * share * float64(i%4),
			"total": 0.02*share + 0.31*share*float64(i%3) + 0.8*share + 0.11*share*float64(i%4), "worker": 4711 + i%4, "thread": i % 8,
		}
	}
	return requests
}

func failed() []object {
	kinds := []object{
		{"status": 503, "method": "GET", "path": "/search", "reason": "the queue is full"},
		{"status": 499, "method": "GET", "path": "/reports/yearly", "reason": "the client left while the request waited"},
		{"status": 502, "method": "POST", "path": "/orders", "reason": "the worker was killed by signal 9"},
		{"status": 504, "method": "GET", "path": "/reports/yearly", "reason": "the deadline passed"},
	}
	errors := make([]object, 12)
	for i := range errors {
		kind := kinds[i%len(kinds)]
		errors[i] = object{
			"id": fmt.Sprintf("badcab%02d", i), "time": start - 17.0*float64(i+1), "method": kind["method"], "path": kind["path"],
			"status": kind["status"], "reason": kind["reason"],
		}
	}
	return errors
}

// later is a status some seconds after another one, without a history of its own, as the events of a stream are.
func later(status object, seconds float64) object {
	next := object{}
	for name, value := range status {
		next[name] = value
	}
	delete(next, "history")
	next["now"] = status["now"].(int) + int(seconds)
	return next
}
