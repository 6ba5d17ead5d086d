package main_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// enoughMemory is for a master and two workers with the race detector, and not for what the application takes.
const enoughMemory = "400M"

func TestWorkerThatTakesAllMemory(t *testing.T) {
	into := intoCgroup(t, "memory", map[string]string{"memory.max": enoughMemory}, map[string]string{"memory.limit_in_bytes": enoughMemory})
	s := launch(t, into, "-b", "127.0.0.1:0", "-w", "2", "--threads", "1", "--chdir", apps, "crashes")
	s.Stderr.Await(t, regexp.MustCompile(`INFO  memory is limited by the cgroup limit=419430400 own=104857600\n`))
	assert.Equal(t, http.StatusBadGateway, send(t, "POST", s.URL+"/memory").status)
	line := s.Stderr.Await(t, regexp.MustCompile(`WARN  worker exited worker=\d pid=(\d+) exit="killed by SIGKILL, perhaps out of memory" .* thread0.target=/memory `))
	s.Stderr.Await(t, regexp.MustCompile(`ERROR request lost with its worker method=POST target=/memory .* pid=`+line[1]+` `))
	s.serves("/ok")

	assert.Equal(t, http.StatusBadGateway, send(t, "POST", s.URL+"/kill").status)
	s.Stderr.Await(t, regexp.MustCompile(`worker exited .* exit="killed by SIGKILL" .* thread0.target=/kill `))
	require.Equal(t, 1, strings.Count(s.Stderr.String(), "out of memory"), "somebody else can kill, too")
	s.Stop()
}
