package chaos

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"forebay/bench/client"
	"forebay/bench/pace"
)

func post(name string, status int, body string) sent {
	return sent{
		request: client.Request{Method: "POST", Path: "/order", Body: name},
		answer:  client.Answer{Status: status, Body: body}, latency: time.Second,
	}
}

func get(status int, body string) sent {
	return sent{
		request: client.Request{Method: "GET", Path: "/"}, answer: client.Answer{Status: status, Body: body}, latency: time.Millisecond,
	}
}

func TestVerdict(t *testing.T) {
	gone := post("unanswered", 0, "")
	gone.err = errors.New("oops")
	all := []sent{
		get(200, page), get(200, "wrong"), get(502, `{"status":502,"request_id":"aaa"}`), get(503, ""),
		post("right", 200, "right"), post("lost", 200, "lost"), post("half", 200, "half"), post("twice", 200, "twice"),
		post("killed", 502, `{"status":502,"request_id":"bbb"}`), post("never", 502, `{"request_id": "ccc"}`), gone,
		post("other", 200, "another"),
	}
	written := book{
		Begun: map[string]int{"right": 1, "half": 1, "twice": 2, "killed": 1, "other": 1},
		Ended: map[string]int{"right": 1, "twice": 2, "other": 1},
	}
	got := judge(page, all, 3, written, "… request_id=aaa …\n… request_id=ccc …\n")
	assert.Equal(t, Verdict{
		Gets: pace.Summary{
			Answered: 1, P50: time.Millisecond, P99: time.Millisecond, Max: time.Millisecond, Again: 3,
			Failed: map[string]int{`another body: "wrong"`: 1, "status 502": 1, "status 503": 1},
		},
		Orders: 8, Answered: 4, Lost: []string{"half", "lost"}, Doubled: []string{"twice"},
		Executing: map[string]int{"status 502": 1, `another body: "another"`: 1}, Untouched: map[string]int{"status 502": 1, "oops": 1},
		Names: map[string]string{
			"killed": `status 502 {"status":502,"request_id":"bbb"}`, "never": `status 502 {"request_id": "ccc"}`, "unanswered": "oops",
			"other": `another body: "another" another`,
		},
		BadGateways: 3, Logged: 2, Slowest: time.Second,
	}, got)
}

func TestAnErrorWithoutAnIDIsNotNamed(t *testing.T) {
	assert.False(t, named("<html>502 Bad Gateway</html>", "a log"))
}
