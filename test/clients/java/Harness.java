import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Predicate;

/** What the Java clients share; see ../lib.sh for the lines that a check prints. */
final class Harness {
  static final int MIB = 1024 * 1024;
  static final String ENDPOINT = System.getenv("ENDPOINT");
  static final List<String> ODD_KEYS = List.of(
      "plus+plus", "sp ace", "100%", "%2F", "%41", "q?x=1&y=2", "h#ash", "a=b/c=d", "semi;colon,comma", "at@dollar$", "tilde~", "!'()*",
      "quote\"<>&'", "[br]{ace}|^`", "\u00e4\u00f6\u00fc", "\u65e5\u672c\u8a9e", "\ud83d\ude00/\ud83d\ude80");

  interface Run {
    void run() throws Exception;
  }

  interface Call {
    void call(int number) throws Exception;
  }

  private final String label;
  private final Map<String, Run> checks = new LinkedHashMap<>();

  Harness(String label) {
    this.label = label;
  }

  Harness check(String name, Run run) {
    checks.put(name, run);
    return this;
  }

  static String bucket(String label) {
    return System.getenv("PREFIX") + "-" + label;
  }

  static byte[] random(int size) {
    byte[] body = new byte[size];
    new Random(size).nextBytes(body);
    return body;
  }

  /** Runs call(0) to call(count - 1) at once; their exceptions (null for none) in that order. */
  static List<Exception> race(int count, Call call) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(count);
    CountDownLatch start = new CountDownLatch(1);
    List<Future<Exception>> running = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int number = i;
      running.add(pool.submit(() -> {
        start.await();
        try {
          call.call(number);
          return null;
        } catch (Exception error) {
          return error;
        }
      }));
    }
    start.countDown();
    List<Exception> answers = new ArrayList<>();
    for (Future<Exception> one : running) answers.add(one.get());
    pool.shutdown();
    return answers;
  }

  /** The number of the only call without an exception; every other exception must satisfy lost. */
  static int onlyWinner(List<Exception> answers, Predicate<Exception> lost) throws Exception {
    int winner = -1;
    for (int i = 0; i < answers.size(); i++) {
      Exception error = answers.get(i);
      if (error == null) {
        if (winner >= 0) throw new AssertionError("both " + winner + " and " + i + " won");
        winner = i;
      } else if (!lost.test(error)) {
        throw error;
      }
    }
    if (winner < 0) throw new AssertionError("nobody won: " + answers);
    return winner;
  }

  static void noErrors(List<Exception> answers) throws Exception {
    for (Exception error : answers) if (error != null) throw error;
  }

  static void same(String what, Object got, Object want) {
    boolean equal = got instanceof byte[] left && want instanceof byte[] right ? Arrays.equals(left, right) : got == null ? want == null : got.equals(want);
    if (equal) return;
    if (got instanceof byte[] left) throw new AssertionError(what + ": " + left.length + " other bytes");
    throw new AssertionError(what + ": got " + got + ", want " + want);
  }

  /** Runs the checks in order and ends the process. */
  void main(String version) {
    System.out.println("# " + label + ": " + version);
    int failed = 0;
    for (Map.Entry<String, Run> check : checks.entrySet()) {
      long begin = System.nanoTime();
      try {
        check.getValue().run();
        System.out.println("ok " + label + ": " + check.getKey() + " (" + Math.round((System.nanoTime() - begin) / 1e9) + " s)");
      } catch (Throwable error) {
        failed++;
        System.out.println("FAIL " + label + ": " + check.getKey());
        for (Throwable cause = error; cause != null; cause = cause.getCause()) System.out.println("    " + String.valueOf(cause).replace("\n", "\n    "));
        for (StackTraceElement line : error.getStackTrace()) if (line.getFileName() != null && line.getFileName().matches("(AwsJava|S3a|Harness).java")) System.out.println("      at " + line);
      }
    }
    System.out.flush();
    Runtime.getRuntime().halt(failed == 0 ? 0 : 1);
  }
}
