package trace

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// environ is the environment, and what is wrong in it: OpenTelemetry has a program go on without a setting that it cannot
// read, and say so, as the same variables are read by programs of many makers.
type environ struct {
	values map[string]string
	faults []error
}

func newEnviron(pairs []string) *environ {
	e := &environ{values: map[string]string{}}
	for _, pair := range pairs {
		if name, value, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "OTEL_") {
			e.values[name] = strings.TrimSpace(value)
		}
	}
	return e
}

// get returns the value of the first of the names that has one. An empty value is none.
func (e *environ) get(names ...string) (name, value string) {
	for _, name := range names {
		if value := e.values[name]; value != "" {
			return name, value
		}
	}
	return names[0], ""
}

// exporter is get for a setting that may be made for all signals, or for traces alone.
func (e *environ) exporter(setting string) (name, value string) {
	return e.get("OTEL_EXPORTER_OTLP_TRACES_"+setting, "OTEL_EXPORTER_OTLP_"+setting)
}

// fault notes what is wrong with a variable. It never has the value of one that may be a secret.
func (e *environ) fault(name, format string, args ...any) {
	e.faults = append(e.faults, fmt.Errorf("%s: %w", name, fmt.Errorf(format, args...)))
}

// truth: only "true" is true, in any case.
func (e *environ) truth(name string) bool {
	_, value := e.get(name)
	return strings.EqualFold(value, "true")
}

// count reads a number from 1 to most.
func (e *environ) count(usual, most int, names ...string) int {
	name, value := e.get(names...)
	if value == "" {
		return usual
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > most {
		e.fault(name, "want a number from 1 to %d, not %q", most, value)
		return usual
	}
	return n
}

// milliseconds reads a duration, up to an hour.
func (e *environ) milliseconds(usual time.Duration, names ...string) time.Duration {
	const most = time.Hour
	return time.Duration(e.count(int(usual.Milliseconds()), int(most.Milliseconds()), names...)) * time.Millisecond
}
