// Package python is the border with Python: what a request and a response are, how they look on the wire, which keys an
// environ has, and the worker program that the binary carries and every worker process runs. It knows no processes and no
// policy.
//
// # The wire
//
// A worker process inherits one stream socket for control, and for each of its threads (a slot) a pipe for requests, a
// pipe for answers, and a stream socket for descriptors. Control and the pipes carry frames, all numbers little-endian:
//
//	length u32   bytes of payload that follow the head
//	kind   u8    what the payload is
//	flags  u8    per kind
//	payload
//
// "marshal" below is Python's marshal format restricted to what version 2 writes: N T F i s u t ( [ { and the
// terminator 0. Go writes text as u (UTF-8). The worker answers with marshal.dumps(value, 2). Text stands for bytes in
// latin-1, as PEP 3333 has it: each character is one byte of HTTP.
//
// To a slot whose thread is idle Go sends one request, or several in one write of at most MaxBatch bytes, none of them
// with FILE. The thread answers them one after the other, in their order:
//
//	REQUEST  1  marshal (environ: dict[str, str], body: bytes | None)
//	            The worker adds the keys that are the same for every request, and wsgi.input.
//	            flag 1 FILE: body is None; it is in a file, whose descriptor follows when the worker has sent WANT:
//	            one byte on the slot's socket with the descriptor attached (SCM_RIGHTS), or without one when
//	            nobody waits for the answer any more; the worker then answers ERROR.
//	            flag 2 ONCE: it must not be run twice. Its answer leaves before the next one of the batch is begun.
//
// The worker answers with one of
//
//	RESPONSE 16  marshal (status: str, fields: list[tuple[str, str]], body: bytes): the whole response.
//	HEAD     17  marshal (status, fields): CHUNK and END follow.
//	             flag 2 FILE: marshal (status, fields, offset: str, count: str): count bytes from offset of an open
//	             file are the body, and END follows. The file's descriptor was sent before, with one byte on the slot's
//	             socket. The numbers are decimal, as marshal's ints of version 2 end at 32 bits.
//	CHUNK    18  bytes of the body, never empty. A chunk may be as long as a u32 allows; Go reads it in pieces.
//	END      19  empty: the body is whole.
//	ABORT    20  marshal (text: str,): failed after HEAD; the body is not whole. text is a traceback or a reason.
//	ERROR    21  marshal (text: str,): failed before HEAD.
//	WANT     22  empty: send the descriptor of the request's body now.
//	IDLE     23  empty: the thread is back and takes the next request.
//	SHARED   24  size u32, not 0: as many bytes at the beginning of the slot's area are the next of the body, in place of a CHUNK.
//
// flag 1 FREE on RESPONSE, END, ABORT and ERROR says that the thread is back already and no IDLE follows. Without it the
// response is over but the thread is still busy (it runs the iterable's close(), say), and IDLE follows. An answer that is
// held back within a batch until that is done has FREE.
//
// On the control socket Go sends, and the worker's main thread obeys:
//
//	BOOT     32  marshal dict: what to load and how, see Boot. The worker answers READY or FAILED.
//	CANCEL   33  marshal (slot: int, request: int): the client of that request has left. request counts the REQUESTs
//	             on that slot from 1. The thread closes the iterable at its next chunk.
//	RECALL   35  marshal (slot: int, request: int): what the slot's thread has not begun of the requests up to that one
//	             is not to be run. The worker sends what it holds of that slot's answers, and then RECALLED.
//	INTERRUPT 36 marshal (slot: int, request: int, raise: bool): the deadline of that request has passed. The worker
//	             answers INTERRUPTED. If raise is set, forebay.RequestTimeout is raised in the slot's thread, once, and only
//	             while it runs the application for that request.
//	DRAIN    34  empty: exit when every thread is idle. Go sends it when no slot of the worker is lent.
//	SERVING  38  empty: this is the first worker of all that serves. It runs the hook when_ready.
//	STACK    39  empty: somebody wants to know where the threads are. The worker answers STACKS.
//	PING     40  empty: how long the worker takes to answer PONG is how long its threads wait for the GIL.
//
// and the worker answers or reports:
//
//	READY    48  marshal dict: see Ready. If BOOT asks for it, "django" is what the application's settings say of files.
//	MODULES  53  marshal list[bytes]: paths of files that the application was made of and that were not reported before.
//	             Only if BOOT asks for it: before READY and FAILED, and later when something was imported.
//	FAILED   49  marshal (text: str,): the application could not be loaded; text is the traceback. The worker exits with 3.
//	INTERRUPTED 51 marshal (slot: int, request: int, stack: str, outcome: str): see Interrupted.
//	STACKS   54  marshal list[(slot: int, name: str, stack: str)]: see Stack.
//	PONG     55  empty.
//	RECALLED 50  marshal (slot: int, request: int): the last request that the slot's thread has begun. Those after it
//	             that the RECALL was about will not be run.
//
// A worker whose BOOT says template imports the application, answers READY or FAILED, and serves nothing. It obeys only
//
//	FORK     37  marshal dict: what a worker is to be, as BOOT says it, and how many descriptors follow: one byte on the
//	             control socket with up to 128 of them attached (SCM_RIGHTS), until there are enough. They are those that
//	             a worker inherits, from control on, then its stdout, its stderr, and a pipe that nobody writes to and
//	             whose end kills the worker. Where BOOT has a descriptor, FORK has its position among them.
//
// and answers
//
//	FORKED   52  marshal (pid: int, text: str): the process of the worker, or 0 and why there is none.
//
// The worker is a child of Go's: the template's child, which forks it, has ended by then, and Go has asked the system for
// orphans (PR_SET_CHILD_SUBREAPER). It goes on as every worker does after its BOOT, with READY or FAILED on its own control
// socket. A template's death changes nothing for its workers. It ends with the control stream or, where that is not read, by
// the signal at its parent's death.
//
// While further requests of a batch wait, the worker may hold the RESPONSEs of those before them back for about a
// millisecond, so that one write carries several; but not that to a request with ONCE.
//
// A main thread that does not get the GIL answers nothing. So the worker also has a descriptor for stacks, to which each
// of its threads writes its own, in the form of Python's faulthandler, when it gets the signal that READY names.
//
// Each thread writes the number of a request, counted as CANCEL counts, into memory that it shares with Go, just before it
// calls the application for it: a u32 for each slot, in the machine's own order. When a worker has died that tells which of
// its requests had begun.
//
// Behind those numbers, in the same file, each thread may have an area, for large pieces of answers. They follow two parts
// that are rounded up to 64 KiB: the numbers, and for each slot a u32 in which Go counts the SHARED that it has taken out of
// the slot's area. A thread writes to its area only when that is how many it has sent. Where the file ends with the numbers
// there are no areas.
//
// The end of the control stream means that the master is gone: the worker exits at once.
//
// # The program
//
// A worker is started as "python -c PROGRAM FD" where PROGRAM is worker/bootstrap.py. It reads from control descriptor FD
// one frame SOURCES (31), marshal dict[str, str | bytes] of module name to source text, installs the modules as the package
// forebay, and calls forebay.loop.main(control). Nothing is written to disk. The bytes are those of forebay._native, native
// code that is loaded from memory if the system and the Python take it: READY says why they do not.
package python
