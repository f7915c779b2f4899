package main

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// What the operating system has charged to a process so far, all its threads together, in nanoseconds: the clock that
// clock_getcpuclockid(3) names.
func processCPU(pid int) time.Duration {
	var spent unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|2), &spent); err != nil {
		return 0
	}
	return time.Duration(spent.Nano())
}

// How long a process' main thread has been ready so far without a core to run on: other work has delayed it by that. Zero
// where the operating system does not tell.
func processWait(pid int) time.Duration {
	var running, waiting int64
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
	if _, err := fmt.Sscan(string(text), &running, &waiting); err != nil {
		return 0
	}
	return time.Duration(waiting)
}
