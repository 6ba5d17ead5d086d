package generator

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnswersAreReadInPiecesOfAnySize(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	cases := map[string]struct {
		text   string
		ends   bool // with the connection
		closes bool
		err    string
	}{
		"a sized body":              {text: ok + "content-LENGTH:  5\r\nServer: x\r\n\r\nright"},
		"chunks":                    {text: ok + "Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nri\r\n03\r\nght\r\n0\r\n\r\n"},
		"chunks with trailers":      {text: ok + "Transfer-Encoding: Chunked\r\n\r\n5\r\nright\r\n0\r\nA: b\r\nC: d\r\n\r\n"},
		"until the end":             {text: ok + "\r\nright", ends: true, closes: true},
		"a last one":                {text: ok + "Connection: close\r\nContent-Length: 5\r\n\r\nright", closes: true},
		"HTTP/1.0":                  {text: "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nright", closes: true},
		"HTTP/1.0 that stays":       {text: "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 5\r\n\r\nright"},
		"after something else":      {text: "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok + "Content-Length: 5\r\n\r\nright"},
		"another status":            {text: "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 5\r\n\r\nright", err: "status 502"},
		"another body":              {text: ok + "Content-Length: 5\r\n\r\nwrong", err: "another body"},
		"a shorter body":            {text: ok + "Content-Length: 4\r\n\r\nrigh", err: "another body"},
		"a longer body":             {text: ok + "Content-Length: 9\r\n\r\nrightmore", err: "another body"},
		"no body":                   {text: ok + "Content-Length: 0\r\n\r\n", err: "another body"},
		"a body that has no ending": {text: ok + "\r\nrigh", ends: true, closes: true, err: "another body"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for size := 1; size <= len(c.text); size++ {
				a := &answer{}
				a.begin("right")
				assert.False(t, a.begun())
				done, err := feedBy(t, a, c.text, size)
				require.NoError(t, err)
				assert.Equal(t, !c.ends, done)
				assert.Equal(t, c.ends, a.end())
				assert.Equal(t, c.closes, a.closes)
				if c.err == "" {
					assert.NoError(t, a.verdict())
				} else {
					assert.EqualError(t, a.verdict(), c.err)
				}
			}
		})
	}
}

func feedBy(t *testing.T, a *answer, text string, size int) (done bool, err error) {
	t.Helper()
	for len(text) > 0 {
		n := min(size, len(text))
		require.False(t, done, "it is whole before its end")
		if done, err = a.feed([]byte(text[:n])); err != nil {
			return done, err
		}
		assert.True(t, a.begun() || a.status == 103)
		text = text[n:]
	}
	return done, nil
}

func TestWhatIsNoAnswerIsRefused(t *testing.T) {
	cases := map[string]string{
		"another protocol":       "SSH-2.0-OpenSSH\r\n\r\n",
		"no status":              "HTTP/1.1 abc\r\n\r\n",
		"more than was asked":    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nrightHTTP",
		"a length that is none":  "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n",
		"a chunk without a size": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
		"a chunk that goes on":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nrx\r\n",
		"another coding":         "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
		"a field without a name": "HTTP/1.1 200 OK\r\nfield\r\n\r\n",
		"a head without end":     "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", longestHead+1),
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			a := &answer{}
			a.begin("right")
			_, err := feedBy(t, a, text, len(text))
			assert.Error(t, err)
		})
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nri\r\n3\r\nght\r\n0\r\nA: b\r\n\r\n", 3)
	f.Add("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright", 7)
	f.Fuzz(func(t *testing.T, text string, size int) {
		read := func(size int) (answer, bool, bool) {
			a := answer{}
			a.begin("right")
			done := false
			for rest := text; len(rest) > 0; {
				n := min(size, len(rest))
				var err error
				if done, err = a.feed([]byte(rest[:n])); err != nil {
					return answer{}, false, true
				}
				rest = rest[n:]
			}
			a.line = nil
			return a, done, false
		}
		if size < 1 {
			return
		}
		at, once, broken := read(max(len(text), 1))
		pieces, byPieces, brokenToo := read(size)
		if !broken && !brokenToo { // a piece that ends with a whole answer may be followed by one too many
			assert.Equal(t, at, pieces)
			assert.Equal(t, once, byPieces)
		}
	})
}
