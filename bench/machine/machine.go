// Package machine says where figures were got and what the processes of a peer took of that machine: CPU time, memory,
// connections. All of it is read from /proc, so the figures need Linux.
package machine

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Machine is where the figures were got.
type Machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Kernel string `json:"kernel"`
	Arch   string `json:"arch"`
	// Load is the load average of the last minute before the run: above zero, others were at work.
	Load string `json:"load_average"`
}

// Read describes this machine.
func Read() (Machine, error) {
	cpus, err1 := os.ReadFile("/proc/cpuinfo")
	kernel, err2 := os.ReadFile("/proc/sys/kernel/osrelease")
	load, err3 := os.ReadFile("/proc/loadavg")
	if err := errors.Join(err1, err2, err3); err != nil {
		return Machine{}, fmt.Errorf("describe the machine: %w", err)
	}
	minute, _, _ := strings.Cut(string(load), " ")
	return Machine{
		CPU:    parseModel(string(cpus)),
		Cores:  runtime.NumCPU(),
		Kernel: strings.TrimSpace(string(kernel)),
		Arch:   runtime.GOARCH,
		Load:   minute,
	}, nil
}

// parseModel finds the first processor's name; on arm64 the kernel does not tell it.
func parseModel(cpuinfo string) string {
	for line := range strings.Lines(cpuinfo) {
		key, value, _ := strings.Cut(line, ":")
		if strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown CPU"
}

// Time is how long the machine's CPUs, taken together, have worked and have existed.
type Time struct{ busy, total time.Duration }

// ReadTime reads how long the machine's CPUs have worked.
func ReadTime() (Time, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return Time{}, err
	}
	return parseTime(string(text))
}

// parseTime reads the first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal. The guest
// times after them are part of user already (proc(5)). Time stolen by the host counts as busy: nobody here could have it.
func parseTime(text string) (Time, error) {
	line, _, _ := strings.Cut(text, "\n")
	fields := strings.Fields(line)
	const columns = 8
	if len(fields) <= columns || fields[0] != "cpu" {
		return Time{}, fmt.Errorf("read /proc/stat: unexpected line %.100q", line)
	}
	var t Time
	for i, field := range fields[1 : columns+1] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return Time{}, fmt.Errorf("read /proc/stat: %w", err)
		}
		spent := time.Duration(ticks) * clockTick
		t.total += spent
		if idle := i == 3 || i == 4; !idle {
			t.busy += spent
		}
	}
	return t, nil
}

// Busy is how long all CPUs together have worked since an earlier reading.
func (t Time) Busy(since Time) time.Duration { return t.busy - since.busy }

// OthersShare is which part of the machine worked neither for the peer nor for wrk, between 0 and 1.
func OthersShare(before, after Time, ours time.Duration) float64 {
	total := after.total - before.total
	if total <= 0 {
		return 0
	}
	// Ticks are coarser than the times in ours, so the difference may fall below nothing.
	return max(0, float64(after.busy-before.busy-ours)/float64(total))
}
