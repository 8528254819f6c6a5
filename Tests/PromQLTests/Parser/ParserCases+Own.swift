extension ParserCases {
    static let own = #"""
        sum by (a:b) (foo)
            OK sum by ("a:b") (foo)
        info(foo, {})
            OK info(foo, {})
        info(foo, 1)
            1:11: parse error: expected type instant vector in call to function "info", got scalar
        info(foo, sum(bar))
            1:11: parse error: expected label selectors only
        first_over_time(foo[5m])
            OK first_over_time(foo[5m])
        foo + on("a.b") group_left("c.d") bar
            OK foo + on ("a.b") group_left ("c.d") bar
        foo offset +(5m) * h2
            OK foo offset +(5m) * h2
        foo offset +(5m)
            OK foo offset (5m)
        foo offset (5m) @ 1 * h2
            OK foo @ 1.000 offset +(5m) * h2
        rate(foo[1m] offset +(5m) @ 1) * h2
            OK rate(foo[1m] @ 1.000 offset (5m)) * h2
        foo offset (5m) + 1m @ 1 * h2
            OK foo @ 1.000 offset +((5m) + 1m) * h2
        foo[]
            1:5: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()
        foo[5m:a]
            1:8: parse error: unexpected character: 'a', expected ':'
        foo[(5m]
            1:8: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()
        foo[5m-10m]
            1:5: parse error: duration must be greater than 0
        foo[((5m))]
            OK foo[((5m))]
        foo[5m+]
            1:8: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()
        foo[*5m]
            1:5: parse error: unexpected <op:*> in subquery or range selector, expected number, duration, step(), or range()
        foo[5m**2]
            1:8: parse error: unexpected <op:*> in subquery or range selector, expected number, duration, step(), or range()
        foo offset
            1:11: parse error: unexpected end of input in offset, expected number, duration, step(), or range()
        foo offset bar
            1:12: parse error: unexpected identifier "bar" in offset, expected number, duration, step(), or range()
        foo offset "5m"
            1:12: parse error: unexpected string "\"5m\"" in offset, expected number, duration, step(), or range()
        foo offset -
            1:13: parse error: unexpected end of input in offset, expected number, duration, step(), or range()
        foo offset -9223372037
            1:12: parse error: duration out of range
        foo offset -400y
            1:13: parse error: duration out of range
        0x1efe + 0xee1 + 0x1e1e+1
            OK 7934 + 3809 + 7710 + 1
        0x1e
            1:1: parse error: bad number or duration syntax: "0x1e"
        0x1e1e_
            1:1: parse error: bad number or duration syntax: "0x1e1e_"
        1e1e1
            1:1: parse error: bad number or duration syntax: "1e1e"
        foo offset (5m)
            OK foo offset (5m)
        foo offset (5m) * 2
            OK foo offset (5m) * 2
        foo offset -(5m) * 2
            OK foo offset -(5m) * 2
        foo @ step()
            1:7: parse error: unexpected "step" in @, expected timestamp
        foo @ 1e300
            1:1: parse error: timestamp out of bounds for @ modifier: 1000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000.000000
        foo[0.0001]
            OK foo[0.0001]
        foo[5m:0.0001]
            OK foo[5m:]
        foo offset -(5m)
            OK foo offset -(5m)
        foo[-(-5m)]
            OK foo[-(-5m)]
        foo[(5m)/(1-1)]
            1:9: parse error: division by zero
        start()
            OK start()
        END() - STart()
            OK end() - start()
        step() + range()
            OK step() + range()
        max_of(1, 2) + min_of(time(), 3)
            OK max_of(1, 2) + min_of(time(), 3)
        max_of(foo, 1)
            1:8: parse error: expected type scalar in call to function "max_of", got instant vector
        start(1)
            1:1: parse error: expected 0 argument(s) in call to "start", got 1
        start_timestamp(foo)
            OK start_timestamp(foo)
        histogram_quantiles(foo, "q", 0.5, 0.9)
            OK histogram_quantiles(foo, "q", 0.5, 0.9)
        histogram_quantiles(foo, "q")
            1:1: parse error: expected at least 3 argument(s) in call to "histogram_quantiles", got 2
        foo[step()]
            OK foo[step()]
        foo[step()+1ms]
            OK foo[step() + 1ms]
        foo[1+(STep()-5)*2]
            OK foo[1 + (step() - 5) * 2]
        foo[max_of(min_of(step()+1,1h),1ms)]
            OK foo[max_of(min_of(step() + 1, 1h), 1ms)]
        foo[range():step()] offset -range()
            OK foo[range():step()] offset -range()
        foo offset+-2 ^ 2
            OK foo offset (-2 ^ 2)
        foo offset -step()*2
            OK foo offset -step() * 2
        foo offset -min_of(step(), 1s)^0
            OK foo offset -min_of(step(), 1s) ^ 0
        foo offset -(min_of(step(), 2s)-5)+8000
            OK foo offset -(min_of(step(), 2s) - 5) + 8000
        foo[step(]
            1:10: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()
        foo[min_of(1s)]
            1:14: parse error: unexpected ")" in subquery or range selector, expected number, duration, step(), or range()
        foo offset step
            1:16: parse error: unexpected end of input in offset, expected number, duration, step(), or range()
        foo offset start()
            1:12: parse error: unexpected "start" in offset, expected number, duration, step(), or range()
        foo anchored
            OK foo anchored
        foo[5m] smoothed
            OK foo[5m] smoothed
        foo[5m] anchored @ 1 offset 1m
            OK foo[5m] anchored @ 1.000 offset 1m
        foo offset 1m smoothed @ end()
            OK foo @ end() smoothed offset 1m
        foo anchored smoothed
            1:1: parse error: anchored and smoothed modifiers cannot be used together
        foo[5m:] anchored
            1:1: parse error: anchored modifier is not supported for subqueries
        1 smoothed
            1:1: parse error: smoothed modifier not implemented
        anchored + smoothed{a="b"}
            OK anchored + smoothed{a="b"}
        foo + fill(0) bar
            OK foo + fill (0) bar
        foo + fill(-Inf) bar
            OK foo + fill (-Inf) bar
        foo == bool on(a) group_left fill_right(1) bar
            OK foo == bool on (a) group_left () fill_right (1) bar
        foo + fill_right(1) fill_left(2m) bar
            OK foo + fill_left (120) fill_right (1) bar
        fill + fill_left
            OK fill + fill_left
        foo + fill
            OK foo + fill
        foo and fill(0) bar
            1:1: parse error: filling in missing series not allowed for set operators
        foo + fill(0) 1
            1:1: parse error: filling in missing series only allowed between instant vectors
        foo + fill() bar
            1:12: parse error: unexpected ")"
        foo + fill(0 bar
            1:14: parse error: unexpected identifier "bar"
        """#
}
