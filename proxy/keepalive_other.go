//go:build !linux

package proxy

import "net"

// listenConfig leaves the options of connections to the standard library, which sets them for each.
func listenConfig() *net.ListenConfig { return &net.ListenConfig{} }

func setOptions(net.Listener) error { return nil }
