package slowhttp

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Attack is how slowhttptest goes about it, whatever the mode.
type Attack struct {
	Duration    time.Duration `json:"duration_ns"`
	Connections int           `json:"connections"`
	Rate        int           `json:"connections_per_second"`
	Probe       time.Duration `json:"probe_timeout_ns"`
}

// Mode is one of its four attacks.
type Mode struct {
	Name  string
	About string
	path  string
	args  []string
}

// Modes are all of them, with the values of the examples in slowhttptest(1) where they fit the duration.
var Modes = []Mode{
	{"-H", "slow heads (slowloris)", "/", []string{"-i", "5", "-x", "24"}},
	{"-B", "slow bodies (R-U-Dead-Yet)", "/", []string{"-i", "5", "-x", "10", "-s", "8192"}},
	{"-X", "slow reading of responses of 64 KiB", "/page", []string{"-k", "3", "-w", "512", "-y", "1024", "-n", "5", "-z", "32"}},
	{"-R", "many overlapping ranges (Apache killer)", "/page", []string{"-a", "10", "-b", "3000"}},
}

// Outcome is what slowhttptest says of one mode against one peer.
type Outcome struct {
	Peer    string   `json:"peer"`
	Mode    string   `json:"mode"`
	Command string   `json:"command"`
	Seconds []Second `json:"seconds"`
}

// Second is the state after so many seconds.
type Second struct {
	Second    int  `json:"second"`
	Closed    int  `json:"closed"`
	Pending   int  `json:"pending"`
	Connected int  `json:"connected"`
	Available bool `json:"available"`
}

// attackGrace is how long slowhttptest may take beyond its duration.
const attackGrace = 30 * time.Second

func (a Attack) args(mode Mode, url, prefix string) []string {
	seconds := func(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }
	args := append([]string{mode.Name}, mode.args...)
	return append(args, "-c", strconv.Itoa(a.Connections), "-r", strconv.Itoa(a.Rate), "-l", seconds(a.Duration),
		"-p", seconds(a.Probe), "-u", url+mode.path, "-g", "-o", prefix)
}

// Run attacks the server at that URL once, and reads what slowhttptest has written about it into a file below dir.
func (a Attack) Run(ctx context.Context, tool, url, dir string, mode Mode) ([]Second, error) {
	ctx, cancel := context.WithTimeout(ctx, a.Duration+attackGrace)
	defer cancel()
	prefix := filepath.Join(dir, "slowhttptest"+mode.Name)
	cmd := exec.CommandContext(ctx, tool, a.args(mode, url, prefix)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("slowhttptest %s: %w\n%s", mode.Name, errors.Join(err, ctx.Err()), out)
	}
	text, err := os.ReadFile(prefix + ".csv")
	if err != nil {
		return nil, fmt.Errorf("slowhttptest %s: %w", mode.Name, err)
	}
	return parseCSV(string(text))
}

var csvHead = []string{"Seconds", "Closed", "Pending", "Connected", "Service Available"}

// parseCSV reads the file of slowhttptest -g: a line for each second. The last column is the number of connections where
// the service was available, so that it can be drawn in the same picture, and 0 where it was not.
func parseCSV(text string) ([]Second, error) {
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read slowhttptest's figures: %w", err)
	}
	if len(lines) < 2 || strings.Join(lines[0], ",") != strings.Join(csvHead, ",") {
		return nil, fmt.Errorf("read slowhttptest's figures: unexpected head or no lines in %.200q", text)
	}
	seconds := make([]Second, 0, len(lines)-1)
	for _, line := range lines[1:] {
		var numbers [5]int
		for i, field := range line {
			if numbers[i], err = strconv.Atoi(strings.TrimSpace(field)); err != nil {
				return nil, fmt.Errorf("read slowhttptest's figures: %w", err)
			}
		}
		seconds = append(seconds, Second{numbers[0], numbers[1], numbers[2], numbers[3], numbers[4] > 0})
	}
	return seconds, nil
}

// available is how many of the seconds the service was available in.
func (o Outcome) available() int {
	n := 0
	for _, second := range o.Seconds {
		if second.Available {
			n++
		}
	}
	return n
}

// timeline is a sign for each second: + where the service was available, - where it was not.
func (o Outcome) timeline() string {
	var signs strings.Builder
	for _, second := range o.Seconds {
		if second.Available {
			signs.WriteByte('+')
		} else {
			signs.WriteByte('-')
		}
	}
	return signs.String()
}

// most are the most connections at once, and closed those that had been closed at the end.
func (o Outcome) most() (connected, closed int) {
	for _, second := range o.Seconds {
		connected, closed = max(connected, second.Connected), max(closed, second.Closed)
	}
	return connected, closed
}
