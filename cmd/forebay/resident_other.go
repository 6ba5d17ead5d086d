//go:build !linux

package main

// unmapPages does nothing: other systems count such pages in another way.
func unmapPages() {}
