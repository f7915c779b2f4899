package main

import (
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
