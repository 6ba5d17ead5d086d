package wrk

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const clean = `Running 2s test @ http://127.0.0.1:18777/
  2 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     9.30ms    4.98ms  51.62ms   73.23%
    Req/Sec     3.54k   685.02     4.65k    72.50%
  Latency Distribution
     50%  870.00us
     75%   11.76ms
     90%   15.74ms
     99%    1.02s 
  14108 requests in 2.01s, 2.13MB read
Requests/sec:   7018.82
Transfer/sec:      1.06MB
`

const faulty = `Running 1s test @ http://127.0.0.1:18777/
  2 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   145.10ms  120.00ms   1.50m    73.23%
    Req/Sec    40.00     10.00    60.00     72.50%
  Latency Distribution
     50%    7.93ms
     75%   11.76ms
     90%   15.74ms
     99%   27.79ms
  80 requests in 1.00s, 20.13KB read
  Socket errors: connect 1, read 20, write 3, timeout 400
  Non-2xx or 3xx responses: 12
Requests/sec:     80.00
Transfer/sec:     20.13KB
`

func TestParse(t *testing.T) {
	cases := map[string]struct {
		out  string
		want Result
	}{
		"a clean run has no errors": {clean, Result{
			Requests: 14108, PerSecond: 7018.82, P50: 870 * time.Microsecond, P75: 11760 * time.Microsecond,
			P90: 15740 * time.Microsecond, P99: 1020 * time.Millisecond, Max: 51620 * time.Microsecond,
		}},
		"errors of all four kinds are added up": {faulty, Result{
			Requests: 80, PerSecond: 80, P50: 7930 * time.Microsecond, P75: 11760 * time.Microsecond,
			P90: 15740 * time.Microsecond, P99: 27790 * time.Microsecond, Max: 90 * time.Second, Errors: 424, NonOK: 12,
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := parse(c.out)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestOutputIsRefusedThatWhatItDoesNotKnow(t *testing.T) {
	cases := map[string]string{
		"nothing":              "",
		"a usage message":      "Usage: wrk <options> <url>\n",
		"no latency quantiles": clean[:200] + clean[len(clean)-100:],
		"other socket errors":  clean + "  Socket errors: connect 1\n",
	}
	for name, out := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := parse(out)
			assert.ErrorContains(t, err, "read wrk's output")
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(clean)
	f.Add(faulty)
	f.Fuzz(func(_ *testing.T, out string) {
		_, _ = parse(out) // it may refuse, not panic
	})
}

func TestLoadArguments(t *testing.T) {
	load := Load{Threads: 2, Connections: 64, Duration: 5 * time.Second}
	assert.Equal(t, []string{"-t2", "-c64", "-d5s", "--latency", "http://localhost/"}, load.Args("http://localhost/"))
}
