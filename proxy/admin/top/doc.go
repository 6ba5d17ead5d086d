// Package top shows the state of a server on a terminal: once, as text, and as a page that is drawn anew each second.
// What clients and applications have put into it cannot move the cursor.
package top
