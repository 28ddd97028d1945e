/**
 * Stack traces as programs print them, for tests. Each entry is one record; what stands around them is told apart by the
 * test.
 */
export const TRACES: Readonly<Record<string, readonly string[]>> = {
  java: [
    `2026-01-30 12:00:00.123 ERROR [http-nio-8080-exec-1] c.example.OrderController - Order 17 failed
java.lang.IllegalStateException: no stock for item 5
	at com.example.OrderService.reserve(OrderService.java:42)
	at com.example.OrderService$$FastClassBySpringCGLIB$$abc.invoke(<generated>)
	at java.base/java.lang.Thread.run(Thread.java:840)
	Suppressed: java.io.IOException: closing
		at com.example.Pool.close(Pool.java:9)
		... 3 more
Caused by: java.sql.SQLException: connection refused
	at com.example.Db.open(Db.java:12)
	... 27 common frames omitted`,
    '2026-01-30 12:00:01.000 INFO  [main] c.example.App - next line',
    `Exception in thread "main" java.lang.NullPointerException: Cannot invoke "String.length()" because "s" is null
	at com.example.Main.main(Main.java:5)`,
    `2026-01-30 12:00:02.000 ERROR [main] c.example.App - message of several lines
org.springframework.jdbc.BadSqlGrammarException: bad SQL grammar
SELECT *
FROM nowhere
	at org.springframework.jdbc.Core.translate(Core.java:99)`,
    '2026-01-30 12:00:03.000 WARN  [main] c.example.App - at the end',
  ],
  python: [
    `2026-01-30 12:00:00,123 ERROR app.worker: job 7 failed
Traceback (most recent call last):
  File "/srv/app/worker.py", line 31, in run
    self.step(job)
    ~~~~~~~~~^^^^^
  File "/srv/app/worker.py", line 58, in step
    return 1 / job.count
           ~~^~~~~~~~~~~
ZeroDivisionError: division by zero

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/app/worker.py", line 33, in run
    raise JobError(job.id) from None
app.errors.JobError: 7`,
    '2026-01-30 12:00:01,000 INFO app.worker: idle',
    `Traceback (most recent call last):
  File "<stdin>", line 1, in <module>
KeyboardInterrupt`,
    'INFO:root:no time here',
    `ERROR:root:with a level only
Traceback (most recent call last):
  File "/srv/a.py", line 1, in <module>
    import nowhere
ModuleNotFoundError: No module named 'nowhere'`,
    '{"level":"info","msg":"and JSON after that"}',
  ],
  go: [
    `panic: runtime error: index out of range [5] with length 3

goroutine 1 [running]:
main.pick({0xc00001c0a8, 0x3, 0x3}, 0x5)
	/src/main.go:9 +0x1d
main.main()
	/src/main.go:14 +0x45
exit status 2`,
    `2026/01/30 12:00:00 http: panic serving 127.0.0.1:51234: boom
goroutine 18 [running]:
net/http.(*conn).serve.func1()
	/usr/local/go/src/net/http/server.go:1947 +0xbe
panic({0x6462c0?, 0x7180b0?})
	/usr/local/go/src/runtime/panic.go:785 +0x132
net/http.HandlerFunc.ServeHTTP(0xc000092780?, {0x71c2e8?, 0xc0000e4000?}, 0x0?)
	/usr/local/go/src/net/http/server.go:2220 +0x29
created by net/http.(*Server).Serve in goroutine 1
	/usr/local/go/src/net/http/server.go:3360 +0x485`,
    '2026/01/30 12:00:01 listening on :8080',
    `fatal error: all goroutines are asleep - deadlock!

goroutine 1 [chan receive]:
main.main()
	/src/main.go:5 +0x2d`,
    '2026/01/30 12:00:02 done',
  ],
  node: [
    `/app/index.js:5
    throw new TypeError('x is not a function');
    ^

TypeError: x is not a function
    at Object.<anonymous> (/app/index.js:5:9)
    at Module._compile (node:internal/modules/cjs/loader:1554:14)
    at node:internal/main/run_main_module:36:49 {
  code: 'E_BROKEN',
  [cause]: Error: deeper
      at read (/app/read.js:2:3)
}

Node.js v24.1.0`,
    `Error: connect ECONNREFUSED 127.0.0.1:5432
    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16)`,
    '[2026-01-30T12:00:00.000Z] server listens',
    `Error [ERR_HTTP_HEADERS_SENT]: Cannot set headers after they are sent to the client
    at ServerResponse.setHeader (node:_http_outgoing:699:11)
    at async handle (file:///app/server.mjs:10:3)`,
    'plain text',
  ],
  dotnet: [
    `Unhandled exception. System.InvalidOperationException: Sequence contains no elements
 ---> System.ArgumentNullException: Value cannot be null. (Parameter 'key')
   at Shop.Cart.Find(String key) in /src/Cart.cs:line 27
   --- End of inner exception stack trace ---
   at System.Linq.ThrowHelper.ThrowNoElementsException()
--- End of stack trace from previous location ---
   at Shop.Program.Main(String[] args) in /src/Program.cs:line 9`,
    '2026-01-30 12:00:00.0000|INFO|Shop.Program|started',
    `2026-01-30 12:00:01.0000|ERROR|Shop.Cart|could not load
System.TimeoutException: The operation has timed out.
   at Shop.Cart.Load() in /src/Cart.cs:line 40`,
    `info: Shop.Program[0]
      Now listening on: http://localhost:5000`,
    `fail: Shop.Pay[17]
      Payment 4 failed
      System.InvalidOperationException: no such card
       ---> System.Exception: inner
         at Shop.X() in /src/X.cs:line 3
         --- End of inner exception stack trace ---
         at Shop.Pay.Do() in /src/Pay.cs:line 17`,
    'info: Shop.Program[0]',
    'info: not a head of the console',
  ],
  ruby: [
    `/app/lib/shop.rb:12:in 'Shop#total': undefined method '+' for nil (NoMethodError)
	from /app/lib/shop.rb:5:in 'block in Shop#sum'
	from /app/bin/shop:3:in '<main>'`,
    'I, [2026-01-30T12:00:00.123456 #42]  INFO -- : started',
    `E, [2026-01-30T12:00:01.123456 #42] ERROR -- : could not pay
app/models/order.rb:17:in \`pay'
app/controllers/orders.rb:9:in \`create'`,
    'I, [2026-01-30T12:00:02.123456 #42]  INFO -- : done',
  ],
  php: [
    `[30-Jan-2026 12:00:00 UTC] PHP Fatal error:  Uncaught RuntimeException: no stock in /app/src/Order.php:17
Stack trace:
#0 /app/src/Cart.php(20): Order->reserve(5)
#1 /app/public/index.php(8): Cart->pay()
#2 {main}

Next LogicException: could not pay in /app/src/Cart.php:22
Stack trace:
#0 {main}
  thrown in /app/src/Cart.php on line 22`,
    '[30-Jan-2026 12:00:01 UTC] PHP Warning:  Undefined variable $x in /app/x.php on line 3',
    '#5 is no frame of anything',
    `[2026-01-30T12:00:02.000000+00:00] shop.ERROR: failed {"exception":"[object] (Error(code: 0): failed at /app/x.php:3)
[stacktrace]
#0 /app/public/index.php(8): run()
#1 {main}
"} []`,
  ],
  rust: [
    `thread 'main' panicked at src/main.rs:4:10:
called \`Option::unwrap()\` on a \`None\` value
stack backtrace:
   0: rust_begin_unwind
             at /rustc/90b35a6/library/std/src/panicking.rs:665:5
   1: shop::pay
note: Some details are omitted, run with \`RUST_BACKTRACE=full\` for a verbose backtrace.`,
    '2026-01-30T12:00:00Z  INFO shop: restarted',
    `thread 'tokio-runtime-worker' (4711) panicked at src/cart.rs:9:5:
assertion \`left == right\` failed
  left: 1
 right: 2
note: run with \`RUST_BACKTRACE=1\` environment variable to display a backtrace`,
    'the next line',
    `thread 'main' panicked at 'boom', src/main.rs:2:5
note: run with \`RUST_BACKTRACE=1\` environment variable to display a backtrace`,
    'another line',
  ],
};
