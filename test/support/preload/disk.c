/*
 * A disk that tells what it has, and that can be full. Notes how much of each AOF has reached the disk. Loaded into redis-server with LD_PRELOAD, it stands before
 * fsync and fdatasync: the size of the file is taken *before* the call (what is written during the call may not
 * be covered by it), and noted only after the call has succeeded.
 *
 * The note is a file of the same name under $POWER_CUT_NOTES, holding the size as 20 decimal digits. While there is
 * a file `full` in that folder, every write to an AOF fails with ENOSPC.
 * The contract is with cuttable-redis.ts, which cuts each AOF back to its note after a SIGKILL.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef int (*sync_call)(int);

/* The file name of fd when it is an incremental AOF, else NULL. */
static const char *aof_name(int fd, char *path, size_t room) {
  static const char ending[] = ".incr.aof";
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, room - 1);
  if (length < (ssize_t)sizeof ending) return NULL;
  path[length] = '\0';
  if (strcmp(path + length - (sizeof ending - 1), ending) != 0) return NULL;
  return strrchr(path, '/') + 1;
}

static void note_size(const char *name, off_t size) {
  char path[PATH_MAX];
  char text[32];
  const char *folder = getenv("POWER_CUT_NOTES");
  if (folder == NULL) abort();
  snprintf(path, sizeof path, "%s/%s", folder, name);
  int length = snprintf(text, sizeof text, "%020lld", (long long)size);
  int file = open(path, O_WRONLY | O_CREAT, 0600);
  /* A cut without notes would prove nothing: better no server at all. */
  if (file < 0 || pwrite(file, text, length, 0) != length) abort();
  close(file);
}

static int sync_and_note(int fd, sync_call sync) {
  char path[PATH_MAX];
  struct stat before;
  const char *name = aof_name(fd, path, sizeof path);
  if (name == NULL || fstat(fd, &before) != 0) return sync(fd);
  int result = sync(fd);
  int sync_errno = errno;
  if (result == 0) note_size(name, before.st_size);
  errno = sync_errno;
  return result;
}

int fsync(int fd) { return sync_and_note(fd, (sync_call)dlsym(RTLD_NEXT, "fsync")); }

int fdatasync(int fd) { return sync_and_note(fd, (sync_call)dlsym(RTLD_NEXT, "fdatasync")); }

typedef ssize_t (*write_call)(int, const void *, size_t);

static int is_full(void) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/full", getenv("POWER_CUT_NOTES"));
  return access(path, F_OK) == 0;
}

ssize_t write(int fd, const void *bytes, size_t count) {
  static write_call real;
  char path[PATH_MAX];
  if (real == NULL) real = (write_call)dlsym(RTLD_NEXT, "write");
  if (getenv("POWER_CUT_NOTES") != NULL && aof_name(fd, path, sizeof path) != NULL && is_full()) {
    errno = ENOSPC;
    return -1;
  }
  return real(fd, bytes, count);
}
