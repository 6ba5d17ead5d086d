package access

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"forebay/config"
)

func TestWhatHasALine(t *testing.T) {
	cfg := config.Log{AccessExclude: []string{"/healthz", "/static/*"}, AccessSample: 1, AccessSlow: time.Second}
	nothing := config.Log{AccessSample: 0}
	cases := map[string]struct {
		cfg   config.Log
		entry Entry
		want  bool
	}{
		"another path":               {cfg, Entry{Decoded: []byte("/")}, true},
		"an excluded one":            {cfg, Entry{Status: 200, Decoded: []byte("/healthz")}, false},
		"below it":                   {cfg, Entry{Status: 200, Decoded: []byte("/healthz/x")}, false},
		"one that begins so":         {cfg, Entry{Decoded: []byte("/healthzy")}, true},
		"one of a pattern":           {cfg, Entry{Decoded: []byte("/static/a.css")}, false},
		"the directory of a pattern": {cfg, Entry{Decoded: []byte("/static")}, true},
		"refused before its path":    {cfg, Entry{Status: 400, Target: []byte("/healthz?x")}, false},
		"with a query":               {cfg, Entry{Status: 200, Target: []byte("/healthz?x"), Decoded: []byte("/healthz")}, false},
		"what the client did wrong":  {cfg, Entry{Status: 404, Fault: errors.New("no such file"), Decoded: []byte("/healthz")}, false},
		"failed":                     {cfg, Entry{Status: 500, Decoded: []byte("/healthz")}, true},
		"overloaded":                 {cfg, Entry{Status: 503, Decoded: []byte("/healthz")}, true},
		"its client has left":        {cfg, Entry{Status: 499, Decoded: []byte("/healthz")}, true},
		"cut":                        {cfg, Entry{Status: 200, Fault: errors.New("cut"), Decoded: []byte("/healthz")}, true},
		"slow":                       {cfg, Entry{Status: 200, Total: time.Second, Decoded: []byte("/healthz")}, true},
		"nearly slow":                {cfg, Entry{Status: 200, Total: time.Second - 1, Decoded: []byte("/healthz")}, false},
		"not sampled":                {nothing, Entry{Status: 200}, false},
		"not sampled, but failed":    {nothing, Entry{Status: 502}, true},
		"nothing is slow":            {nothing, Entry{Status: 200, Total: time.Hour}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, newFilter(c.cfg).wants(&c.entry))
		})
	}
}

func TestSampleIsAPartOfTheRequests(t *testing.T) {
	const requests = 20_000
	for _, part := range []float64{0.001, 0.1, 0.5, 0.99} {
		one, other := newFilter(config.Log{AccessSample: part}), newFilter(config.Log{AccessSample: part})
		count := 0
		for i := range requests {
			e := Entry{ID: fmt.Appendf(nil, "%016x", i), Status: 200}
			if one.wants(&e) {
				count++
			}
			assert.Equal(t, one.wants(&e), other.wants(&e), "a request has its line everywhere, or nowhere")
		}
		assert.InDelta(t, part, float64(count)/requests, 0.02)
	}
}
