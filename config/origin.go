package config

import "fmt"

// Layer is where a value was given. A later layer beats an earlier one.
type Layer int

// The layers, in the order in which they are read.
const (
	LayerDefault Layer = iota
	LayerGunicorn
	LayerFile
	LayerEnvironment
	LayerFlag
)

// Origin is the place a value comes from. The zero Origin is the default.
type Origin struct {
	Layer Layer
	// Name is the file, the environment variable or the option. It is empty for a default. In gunicorn's layer it is its
	// file, or a variable that it reads.
	Name string
	// Line counts from 1 in a file. 0 means unknown.
	Line int
}

// String is the origin as check --print and error messages show it.
func (o Origin) String() string {
	switch {
	case o.Layer == LayerDefault:
		return "default"
	case o.Line > 0:
		return fmt.Sprintf("%s:%d", o.Name, o.Line)
	default:
		return o.Name
	}
}
