/* Adds SLOW_FSYNC_US microseconds to every fsync and fdatasync: a disk across a network, on this machine.
   Built by the benchmark and loaded into PostgreSQL by LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static void wait_a_little(void) {
    const char *delay = getenv("SLOW_FSYNC_US");
    if (delay != NULL) usleep((useconds_t)atoi(delay));
}

int fsync(int file) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_a_little();
    return real(file);
}

int fdatasync(int file) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_a_little();
    return real(file);
}
