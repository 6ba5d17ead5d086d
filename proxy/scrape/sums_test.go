package scrape

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tally is what clients have seen: answers by status, and how many of them were cut.
type tally struct {
	s  *server
	mu sync.Mutex
	by map[int]int

	cut int
}

// dial opens a connection and sends a request as it stands.
func (y *tally) dial(request string) net.Conn {
	y.s.t.Helper()
	conn, err := net.DialTimeout("tcp", y.s.addr, patience)
	require.NoError(y.s.t, err)
	require.NoError(y.s.t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(conn, request)
	require.NoError(y.s.t, err)
	return conn
}

// read reads the answer and counts it.
func (y *tally) read(conn net.Conn) int {
	defer func() { _ = conn.Close() }() // there is one answer on each
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if !assert.NoError(y.s.t, err) {
		return 0
	}
	_, err = io.Copy(io.Discard, resp.Body)
	y.mu.Lock()
	defer y.mu.Unlock()
	y.by[resp.StatusCode]++
	if errors.Is(err, io.ErrUnexpectedEOF) {
		y.cut++
	} else {
		assert.NoError(y.s.t, err)
	}
	return resp.StatusCode
}

// left counts a request whose client has not waited for the answer.
func (y *tally) left() {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.by[499]++
}

func request(method, path string, more ...string) string {
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s\r\n", method, path, strings.Join(more, ""))
}

// ask sends requests and holds that they are answered with a status.
func (y *tally) ask(times, want int, request string) {
	y.s.t.Helper()
	for range times {
		assert.Equal(y.s.t, want, y.read(y.dial(request)), "%s", request)
	}
}

// waits returns when so many requests wait for a thread.
func (s *server) waits(n int) {
	s.t.Helper()
	state := s.Dispatcher.State()
	for deadline := time.Now().Add(patience); state.Waiting() != n; state = s.Dispatcher.State() {
		require.True(s.t, time.Now().Before(deadline), "%d wait", state.Waiting())
	}
}

// provoke has requests end in each way that there is.
func (y *tally) provoke() {
	y.ask(5, 200, request("GET", "/status/200"))
	y.ask(2, 201, post("/status/201", "abc"))
	y.ask(2, 204, request("HEAD", "/status/204"))
	y.ask(3, 404, request("BREW", "/status/404"))
	y.ask(3, 200, request("GET", "/static/a.txt"))
	y.ask(2, 404, request("GET", "/static/b.txt"))
	y.ask(2, 413, post("/status/small/200", strings.Repeat("x", 11)))
	y.ask(2, 400, "nonsense\r\n\r\n")
	y.ask(2, 500, request("GET", "/raise"))
	y.ask(2, 200, request("GET", "/cut"))
	y.ask(2, 504, request("GET", "/late"))
	y.crowd("/hold/narrow")
	y.crowdForShort()
	y.ask(1, 502, post("/die", ""))
}

func post(path, body string) string {
	return request("POST", path, fmt.Sprintf("Content-Length: %d\r\n", len(body))) + body
}

// crowd fills the one thread and the one place in the queue of a path. The one that waits leaves, the others are refused.
func (y *tally) crowd(path string) {
	first := y.dial(request("GET", path))
	held := y.s.held()
	second := y.dial(request("GET", path))
	y.s.waits(1)
	y.ask(3, 503, request("GET", path))
	require.NoError(y.s.t, second.Close())
	y.left()
	require.NoError(y.s.t, held.Close())
	assert.Equal(y.s.t, 200, y.read(first))
}

// crowdForShort has one request wait for longer than it may.
func (y *tally) crowdForShort() {
	first := y.dial(request("GET", "/hold/short"))
	held := y.s.held()
	y.ask(1, 503, request("GET", "/hold/short"))
	require.NoError(y.s.t, held.Close())
	assert.Equal(y.s.t, 200, y.read(first))
}

// lines are the access log's, by status.
func (s *server) lines() map[int]int {
	by := map[int]int{}
	for line := range strings.Lines(s.access.String()) {
		match := statusInLine.FindStringSubmatch(line)
		require.NotNil(s.t, match, "%s", line)
		status, err := strconv.Atoi(match[1])
		require.NoError(s.t, err)
		by[status]++
	}
	return by
}

var statusInLine = regexp.MustCompile(`" (\d{3}) `)

// TestSumsAgree: what clients have seen is what stands in the access log and in each of the counters, by status.
func TestSumsAgree(t *testing.T) {
	s := startServer(t)
	y := &tally{s: s, by: map[int]int{}}
	y.provoke()
	for range 4 { // two may pass
		y.read(y.dial(request("GET", "/status/203")))
	}
	y.agree()

	st := s.Status(true)
	assert.Equal(t, map[string]uint64{"static": 5, "handover": 0}, map[string]uint64{
		"static": st.Requests.BySource["static"], "handover": st.Requests.BySource["handover"],
	})
	assert.Equal(t, map[string]uint64{
		"too_large": 2, "malformed": 2, "raised": 2, "invalid_response": 2, "timeout": 2, "queue_full": 3, "client_left": 1,
		"queue_timeout": 1, "worker_died": 1, "limited": 2,
	}, st.Requests.ByReason)
	assert.Equal(t, 2, y.cut)
	assert.EqualValues(t, 1, st.Restarts.Died)
}

// TestSumsAgreeInChaos: many ask at once while the worker dies under them.
func TestSumsAgreeInChaos(t *testing.T) {
	s := startServer(t)
	y := &tally{s: s, by: map[int]int{}}
	var all sync.WaitGroup
	for client := range 4 {
		all.Go(func() {
			for i := range 40 {
				switch {
				case i == 20 && client < 2:
					y.read(y.dial(post("/die", "")))
				case i%4 == 0:
					y.read(y.dial(post("/status/201", "abc")))
				case i%4 == 1:
					y.read(y.dial(request("GET", "/raise")))
				case i%4 == 2:
					y.read(y.dial(request("GET", "/static/a.txt")))
				default:
					y.read(y.dial(request("GET", "/cut")))
				}
			}
		})
	}
	all.Wait()
	assert.GreaterOrEqual(t, y.by[502], 2)
	y.agree()
}

// agree ends the server, so that each request has its line, and holds all sums against what clients have seen.
func (y *tally) agree() {
	t, s := y.s.t, y.s
	t.Helper()
	s.stop()
	assert.Equal(t, y.by, s.lines(), "the access log")
	total, wanted := 0, map[string]uint64{}
	for status, n := range y.by {
		wanted[strconv.Itoa(status)] = uint64(n)
		total += n
	}
	st := s.Status(false)
	assert.Equal(t, wanted, st.Requests.ByStatus, "the status")
	assert.EqualValues(t, total, st.Requests.Total)

	families := parse(t, s)
	byCode, all := map[string]uint64{}, uint64(0)
	for _, m := range families["forebay_requests_total"].GetMetric() {
		for _, label := range m.GetLabel() {
			if label.GetName() == "code" {
				byCode[label.GetValue()] += uint64(m.GetCounter().GetValue())
			}
		}
	}
	assert.Equal(t, wanted, byCode, "the metrics")
	for _, m := range families["forebay_request_duration_seconds"].GetMetric() {
		all += m.GetHistogram().GetSampleCount()
	}
	assert.EqualValues(t, total, all)
}

// parse reads a scrape as Prometheus would.
func parse(t *testing.T, s *server) map[string]*dto.MetricFamily {
	t.Helper()
	exposition, err := New(s.Server)
	require.NoError(t, err)
	mediaType, text, err := exposition.Text("")
	require.NoError(t, err)
	assert.Contains(t, mediaType, "text/plain; version=0.0.4")
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	require.NoError(t, err)
	return families
}
