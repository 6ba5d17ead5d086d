package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"forebay/config"
)

// check tells that a configuration is fine, after the table of its values if that is wanted.
func check(stdout io.Writer, sources config.Sources, reading config.Reading, values bool) {
	if values {
		writeValues(stdout, reading)
	}
	writeInherited(stdout, reading)
	writeBounds(stdout, reading.Config)
	writeTracing(stdout, sources.Environ)
	writeGunicornHints(stdout, sources, reading)
	if reading.File == "" {
		fmt.Fprintln(stdout, "configuration is fine")
		return
	}
	fmt.Fprintf(stdout, "configuration is fine (%s)\n", reading.File)
}

// writeBounds tells by how much limits may be exceeded that processes take from in advance.
func writeBounds(stdout io.Writer, cfg config.Config) {
	for _, limit := range cfg.Limits {
		lease := limit.MaxLease()
		switch nodes := int64(cfg.Redis.Nodes); {
		case lease == 0:
		case nodes == 0:
			fmt.Fprintf(stdout, "limit %s: each process takes up to %d in advance for a key; so many for each process may pass beyond %s\n",
				limit.Name, lease, limit.Rate)
		default:
			fmt.Fprintf(stdout, "limit %s: each of %d processes takes up to %d in advance for a key; at most %d may pass beyond %s\n",
				limit.Name, nodes, lease, nodes*lease, limit.Rate)
		}
	}
}

// writeValues shows each key, its value as one would write it in the environment, and where it comes from.
func writeValues(stdout io.Writer, reading config.Reading) {
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	for _, setting := range config.Settings {
		writeValue(table, setting.Key, setting.Value(reading.Config), reading)
	}
	for _, mapping := range reading.Config.Proxy.Static {
		for key, value := range mapping.Said() {
			writeValue(table, key, value, reading)
		}
	}
	for _, limit := range reading.Config.Limits {
		for key, value := range limit.Said() {
			writeValue(table, key, value, reading)
		}
	}
	for _, path := range reading.Config.Paths {
		for key, value := range path.Said() {
			writeValue(table, key, value, reading)
		}
	}
	_ = table.Flush() // a reader that left early wants no more of it
}

func writeValue(table io.Writer, key, value string, reading config.Reading) {
	if value == "" {
		value = `""`
	}
	fmt.Fprintf(table, "%s\t%s\t%s\n", key, value, reading.Origins[key])
}
