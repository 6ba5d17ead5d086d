package config

import "time"

// GunicornFile is what a configuration file of gunicorn's sets. It is Python, so somebody has to run it: see Sources.
type GunicornFile struct {
	// Path is the absolute path of the file.
	Path string
	// Settings are by gunicorn's names.
	Settings map[string]GunicornValue
	// Functions are the lines of its server hooks and other functions that bear the names of settings.
	Functions map[string]int
	// Others are the lines of its further values, which gunicorn ignores.
	Others map[string]int
	// Fault says why it could not be run to its end, and FaultLine where. Empty: it could.
	Fault     string
	FaultLine int
}

// GunicornValue is the value of one name.
type GunicornValue struct {
	// Value is nil, a string, a bool, an int64, a float64 or an []any of these; or a GunicornObject.
	Value any
	// Line is where it was last set, as far as that could be seen; else 0.
	Line int
}

// GunicornObject is a value that is none of the others.
type GunicornObject struct {
	// Class is the name of the class that it is, with its module. Empty: it is something else.
	Class string
	// Type is the name of its type.
	Type string
}

// GunicornRun says how to run such a file.
type GunicornRun struct {
	// Path is the file's, absolute.
	Path string
	// Names are the settings that are asked for.
	Names []string
	// Python is the interpreter that was asked for; empty: the usual search finds one for Dir.
	Python string
	// Dir is the working directory.
	Dir string
	// Env are KEY=VALUE pairs for its environment beside ours.
	Env []string
	// Timeout is how long it may take.
	Timeout time.Duration
}
