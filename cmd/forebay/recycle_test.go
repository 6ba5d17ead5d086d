package main_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var recycled = regexp.MustCompile(`INFO  worker is recycled worker=\d+ pid=\d+ reason=(\w+) requests=(\d+)`)

func TestRecyclingLosesNothing(t *testing.T) {
	app := newCounting(t)
	s := startForebay(t, app.quiet("-w", "2", "--threads", "2", "--max-requests", "60", "--max-requests-jitter", "20")...)
	c := gather(t, s, app.journal(), false)
	most := 0
	for len(recycled.FindAllString(s.Stderr.String(), -1)) < 10 {
		most = max(most, len(childrenOf(t, s.PID, "")))
	}
	c.goHome()
	s.Stop()
	assert.Equal(t, 3, most, "two workers, and one that comes or goes")
	assert.Greater(t, len(c.pids), 10)
	assert.NotContains(t, s.Stderr.String(), "WARN")
	for _, match := range recycled.FindAllStringSubmatch(s.Stderr.String(), -1) {
		assert.Equal(t, "max_requests", match[1])
	}
}

func TestRecyclingWithinReloads(t *testing.T) {
	app := newCounting(t)
	s := startForebay(t, app.quiet("-w", "2", "--threads", "2", "--max-requests", "50")...)
	c := gather(t, s, app.journal(), false)
	for n, release := range []string{"2", "3", "4"} {
		s.Stderr.AwaitCount(t, 3*(n+1), recycled)
		app.release(release)
		s.reload(n + 1)
		c.meets(release)
	}
	c.goHome()
	s.Stop()
}

func TestRecyclingByMemoryAndAge(t *testing.T) {
	cases := map[string]struct {
		args []string
		want string
	}{
		"soft": {[]string{"--max-rss", "100MiB"}, "max_rss"},
		"hard": {[]string{"--max-rss-hard", "100MiB"}, "max_rss_hard"},
		"age":  {[]string{"--max-lifetime", "1s"}, "max_lifetime"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := startForebay(t, append(c.args, "-w", "1", "--chdir", apps, "leaks")...)
			before := await(t, begin(s.URL)).body
			for range 12 { // 96 MiB, and Python itself
				resp, err := http.Post(s.URL, "text/plain", strings.NewReader("")) //nolint:noctx // it answers or ends
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
			}
			match := s.Stderr.Await(t, recycled)
			assert.Equal(t, c.want, match[1])
			require.Eventually(t, func() bool { r := await(t, begin(s.URL)); return r.status == 200 && r.body != before },
				startDeadline, 10*time.Millisecond)
			s.Stop()
		})
	}
}
