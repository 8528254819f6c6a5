extension ParserCases {
    static let fromPrometheus = #"""
        1
            OK 1
        -1
            OK -1
        +1
            OK 1
        .5
            OK 0.5
        5.
            OK 5
        1.5e3
            OK 1500
        1e-3
            OK 0.001
        1E+3
            OK 1000
        +0.5e-2
            OK 0.005
        0x1f
            OK 31
        0X1F
            OK 31
        0b101
            1:1: parse error: bad number or duration syntax: "0"
        0o17
            1:1: parse error: bad number or duration syntax: "0"
        017
            OK 15
        08
            OK 8
        09.5
            OK 9.5
        1_000
            OK 1000
        1_000.5
            OK 1000.5
        0x_1F
            OK 31
        1__0
            1:1: parse error: bad number or duration syntax: "1__"
        1_
            1:1: parse error: bad number or duration syntax: "1_"
        _1
            OK _1
        1_e3
            1:1: parse error: bad number or duration syntax: "1_e"
        1._5
            1:1: parse error: bad number or duration syntax: "1._"
        1e_3
            1:1: parse error: bad number or duration syntax: "1e_"
        1e
            1:1: parse error: bad number or duration syntax: "1e"
        1e+
            1:1: parse error: bad number or duration syntax: "1e+"
        1ee3
            1:1: parse error: bad number or duration syntax: "1ee"
        1.2.3
            1:1: parse error: bad number or duration syntax: "1.2."
        .
            1:1: parse error: unexpected character: '.'
        ..5
            1:1: parse error: unexpected character: '.'
        0x
            1:1: parse error: error parsing number: strconv.ParseFloat: parsing "0x": invalid syntax
        0x1.5
            1:1: parse error: bad number or duration syntax: "0x1."
        0xg
            1:1: parse error: bad number or duration syntax: "0x"
        0x1e3
            OK 483
        0x1ee
            1:1: parse error: bad number or duration syntax: "0x1ee"
        0x1p3
            1:1: parse error: bad number or duration syntax: "0x1"
        1x
            1:1: parse error: bad number or duration syntax: "1"
        1e400
            1:1: parse error: error parsing number: strconv.ParseFloat: parsing "1e400": value out of range
        -1e400
            1:2: parse error: error parsing number: strconv.ParseFloat: parsing "1e400": value out of range
        Inf
            OK +Inf
        +Inf
            OK +Inf
        -inf
            OK -Inf
        iNf
            OK +Inf
        NaN
            OK NaN
        nan
            OK NaN
        Infx
            OK Infx
        9223372036854775807
            OK 9223372036854776000
        9223372036854775808
            OK 9223372036854776000
        0xffffffffffffffff
            1:1: parse error: error parsing number: strconv.ParseFloat: parsing "0xffffffffffffffff": invalid syntax
        0xffffffffffffffffff
            1:1: parse error: error parsing number: strconv.ParseFloat: parsing "0xffffffffffffffffff": invalid syntax
        5mm
            1:1: parse error: bad number or duration syntax: "5mm"
        5m_
            1:1: parse error: bad number or duration syntax: "5m_"
        5m3h
            1:1: parse error: not a valid duration string: "5m3h"
        1.5m
            1:1: parse error: unknown unit "." in duration "1.5m"
        5hs
            1:1: parse error: unknown unit "hs" in duration "5hs"
        5 m
            1:3: parse error: unexpected identifier "m"
        1d1d
            1:1: parse error: not a valid duration string: "1d1d"
        300y
            1:1: parse error: duration out of range
        "abc"
            OK "abc"
        'abc'
            OK "abc"
        `abc`
            OK "abc"
        "a\nb"
            OK "a\nb"
        "a\tb"
            OK "a\tb"
        'a\'b'
            OK "a'b"
        "a\"b"
            OK "a\"b"
        "a\'b"
            1:1: parse error: unknown escape sequence U+0027 '''
        'a\"b'
            1:1: parse error: unknown escape sequence U+0022 '"'
        "\x41"
            OK "A"
        "\u00e9"
            OK "é"
        "\U0001F600"
            OK "😀"
        "\101"
            OK "A"
        "\q"
            1:1: parse error: unknown escape sequence U+0071 'q'
        "\x4"
            1:1: parse error: illegal character U+0022 '"' in escape sequence
        "\xzz"
            1:1: parse error: illegal character U+007A 'z' in escape sequence
        "\u12"
            1:1: parse error: illegal character U+0022 '"' in escape sequence
        "\ud800"
            1:1: parse error: escape sequence is an invalid Unicode code point
        "\U00110000"
            1:1: parse error: escape sequence is an invalid Unicode code point
        "\400"
            1:1: parse error: escape sequence is an invalid Unicode code point
        "abc
            1:1: parse error: unterminated quoted string
        'abc
            1:1: parse error: unterminated quoted string
        `abc
            1:1: parse error: unterminated raw string
        "\
            1:1: parse error: escape sequence not terminated
        "é"
            OK "é"
        ""
            OK ""
        foo
            OK foo
        foo:bar
            OK foo:bar
        :foo
            OK :foo
        foo:
            OK foo:
        :
            OK :
        foo.bar
            1:4: parse error: unexpected character: '.'
        foo{}
            OK foo
        {}
            1:1: parse error: vector selector must contain at least one non-empty matcher
        {a=""}
            1:1: parse error: vector selector must contain at least one non-empty matcher
        {a=~".*"}
            1:1: parse error: vector selector must contain at least one non-empty matcher
        {a=~".+"}
            OK {a=~".+"}
        {a!=""}
            OK {a!=""}
        {a="b"}
            OK {a="b"}
        foo{a="b"}
            OK foo{a="b"}
        foo{a="b",}
            OK foo{a="b"}
        foo{a="b",,}
            1:11: parse error: unexpected "," in label matching, expected identifier or "}"
        foo{,}
            1:5: parse error: unexpected "," in label matching, expected identifier or "}"
        {,a="b"}
            1:2: parse error: unexpected "," in label matching, expected identifier or "}"
        foo{a="b" c="d"}
            1:11: parse error: unexpected identifier "c" in label matching, expected "," or "}"
        foo{a='b',c!="d",e=~"f.*",g!~"h"}
            OK foo{a="b",c!="d",e=~"f.*",g!~"h"}
        foo{a==“b”}
            1:7: parse error: unexpected "=" in label matching, expected string
        foo{a=="b"}
            1:7: parse error: unexpected "=" in label matching, expected string
        foo{a=b}
            1:7: parse error: unexpected identifier "b" in label matching, expected string
        foo{a="b"
            1:10: parse error: unexpected end of input inside braces
        foo{a
            1:6: parse error: unexpected end of input inside braces
        foo{a=
            1:7: parse error: unexpected end of input inside braces
        foo{
            1:5: parse error: unexpected end of input inside braces
        foo}
            1:4: parse error: unexpected character: '}'
        foo{a}
            1:6: parse error: unexpected "}" in label matching, expected label matching operator
        foo{1="b"}
            1:5: parse error: unexpected character inside braces: '1'
        foo{a:b="c"}
            1:6: parse error: unexpected character inside braces: ':'
        foo{a-b="c"}
            1:6: parse error: unexpected character inside braces: '-'
        foo{"a-b"="c"}
            OK foo{"a-b"="c"}
        {"foo.bar"}
            OK {__name__="foo.bar"}
        {"foo.bar",a="b"}
            OK {__name__="foo.bar",a="b"}
        {"foo.bar","x.y"="z"}
            OK {"x.y"="z",__name__="foo.bar"}
        {"foo","bar"}
            OK {__name__="bar",__name__="foo"}
        foo{"bar"}
            1:1: parse error: metric name must not be set twice: "foo" or "bar"
        foo{__name__="bar"}
            1:1: parse error: metric name must not be set twice: "foo" or "bar"
        {__name__="foo"}
            OK {__name__="foo"}
        {__name__=~"foo.*"}
            OK {__name__=~"foo.*"}
        {__name__="foo",__name__="bar"}
            OK {__name__="bar",__name__="foo"}
        {"foo"="bar"}
            OK {foo="bar"}
        {"foo"~"bar"}
            1:7: parse error: unexpected character inside braces: '~'
        {"foo" "bar"}
            1:8: parse error: unexpected string "\"bar\"" in label matching, expected "," or "}"
        {""}
            1:1: parse error: vector selector must contain at least one non-empty matcher
        {""="x"}
            OK {""="x"}
        foo{a=~"("}
            1:5: parse error: error parsing regexp: missing closing ): `(`
        foo{a=~"*"}
            1:5: parse error: error parsing regexp: missing argument to repetition operator: `*`
        foo{a!~"[z-a]"}
            1:5: parse error: error parsing regexp: invalid character class range: `z-a`
        foo{a!"b"}
            1:6: parse error: unexpected character after '!' inside braces: '"'
        foo{a~"b"}
            1:6: parse error: unexpected character inside braces: '~'
        foo{a="b"}{c="d"}
            1:11: parse error: unexpected "{"
        foo{{
            1:5: parse error: unexpected left brace '{'
        foo{on="x"}
            OK foo{on="x"}
        foo{by="x",sum="y",and="z"}
            OK foo{and="z",by="x",sum="y"}
        foo{inf="x"}
            OK foo{inf="x"}
        sum
            OK sum
        sum{a="b"}
            OK sum{a="b"}
        avg + max
            OK avg + max
        by
            OK by
        without
            OK without
        on
            1:1: parse error: unexpected <on>
        ignoring
            1:1: parse error: unexpected <ignoring>
        bool
            1:1: parse error: unexpected <bool>
        group_left
            1:1: parse error: unexpected <group_left>
        group_right
            1:1: parse error: unexpected <group_right>
        offset
            OK offset
        and
            OK and
        or
            OK or
        unless
            OK unless
        atan2
            1:1: parse error: unexpected <op:atan2>
        and and and
            OK and and and
        or or or
            OK or or or
        unless unless unless
            OK unless unless unless
        start
            OK start
        end
            OK end
        step
            OK step
        range
            OK range
        start{a="b"}
            OK start{a="b"}
        start + end
            OK start + end
        sum offset 5m
            OK sum offset 5m
        offset offset 5m
            OK offset offset 5m
        by{a="b"}
            OK by{a="b"}
        SUM(foo)
            OK sum(foo)
        Sum By (a) (foo)
            OK sum by (a) (foo)
        BOOL
            1:1: parse error: unexpected <BOOL>
        foo AND bar
            OK foo and bar
        foo And On(a) bar
            OK foo and on (a) bar
        foo OFFSET 5m
            OK foo offset 5m
        count_values("a", foo)
            OK count_values("a", foo)
        count_values(foo, "a")
            1:19: parse error: expected type instant vector in aggregation expression, got string
        count_values(1, foo)
            1:14: parse error: expected type string in aggregation parameter, got scalar
        topk(1, foo)
            OK topk(1, foo)
        topk(foo, foo)
            1:6: parse error: expected type scalar in aggregation parameter, got instant vector
        topk("1", foo)
            1:6: parse error: expected type scalar in aggregation parameter, got string
        topk(foo)
            1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1
        topk(1, 2, 3)
            1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 3
        quantile(0.5, foo)
            OK quantile(0.5, foo)
        bottomk(3, foo) by (a)
            OK bottomk by (a) (3, foo)
        limitk(2, foo)
            OK limitk(2, foo)
        limit_ratio(-0.5, foo)
            OK limit_ratio(-0.5, foo)
        limit_ratio(foo)
            1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1
        sum(foo)
            OK sum(foo)
        sum(1)
            1:5: parse error: expected type instant vector in aggregation expression, got scalar
        sum("a")
            1:5: parse error: expected type instant vector in aggregation expression, got string
        sum(foo[5m])
            1:5: parse error: expected type instant vector in aggregation expression, got range vector
        sum()
            1:1: parse error: no arguments for aggregate expression provided
        sum(foo, bar)
            1:1: parse error: wrong number of arguments for aggregate expression provided, expected 1, got 2
        sum foo
            1:5: parse error: unexpected identifier "foo"
        sum(foo
            1:8: parse error: unclosed left parenthesis
        sum(foo))
            1:10: parse error: unexpected right parenthesis ')'
        sum by (a) (foo)
            OK sum by (a) (foo)
        sum by (a,b) (foo)
            OK sum by (a, b) (foo)
        sum by (a,b,) (foo)
            OK sum by (a, b) (foo)
        sum by (,) (foo)
            1:9: parse error: unexpected "," in grouping opts, expected label
        sum by () (foo)
            OK sum(foo)
        sum by(a)(foo)
            OK sum by (a) (foo)
        sum(foo) by (a)
            OK sum by (a) (foo)
        sum(foo) without (a)
            OK sum without (a) (foo)
        sum without () (foo)
            OK sum without () (foo)
        sum by (a) (foo) by (b)
            1:18: parse error: unexpected <by>
        sum by a (foo)
            1:8: parse error: unexpected identifier "a" in grouping opts, expected "("
        sum by (a foo
            1:11: parse error: unexpected identifier "foo" in grouping opts, expected "," or ")"
        sum by (a (foo)
            1:11: parse error: unexpected "(" in grouping opts, expected "," or ")"
        sum by ("a.b") (foo)
            OK sum by ("a.b") (foo)
        sum by ("") (foo)
            1:9: parse error: invalid label name for grouping: ""
        sum by ('a', `b`) (foo)
            OK sum by (a, b) (foo)
        sum by (by) (foo)
            OK sum by (by) (foo)
        sum by (without) (foo)
            1:9: parse error: unexpected <without> in grouping opts, expected label
        sum by (sum, on, offset, bool, ignoring, group_left, atan2, and, start) (foo)
            OK sum by (sum, on, offset, bool, ignoring, group_left, atan2, and, start) (foo)
        sum by (1) (foo)
            1:9: parse error: unexpected number "1" in grouping opts, expected label
        sum by (a=b) (foo)
            1:10: parse error: unexpected "=" in grouping opts, expected "," or ")"
        sum by (a) foo
            1:12: parse error: unexpected identifier "foo" in aggregation
        sum by (a)
            1:11: parse error: unexpected end of input in aggregation
        sum by
            1:7: parse error: unexpected end of input in grouping opts, expected "("
        sum(foo) by
            1:12: parse error: unexpected end of input in grouping opts, expected "("
        sum(foo) by (
            1:14: parse error: unclosed left parenthesis
        sum(foo) by (a) + 1
            OK sum by (a) (foo) + 1
        sum(foo bar)
            1:9: parse error: unexpected identifier "bar" in aggregation
        sum(rate(foo bar))
            1:14: parse error: unexpected identifier "bar" in aggregation
        sum((foo bar))
            1:10: parse error: unexpected identifier "bar" in aggregation
        sum(foo[5m)
            1:11: parse error: unexpected ")" in subquery or range, expected ":" or "]"
        sum(-)
            1:6: parse error: unexpected ")" in aggregation
        sum(foo + )
            1:11: parse error: unexpected ")" in aggregation
        sum(foo,)
            1:8: parse error: trailing commas not allowed in function call args
        sum(,foo)
            1:5: parse error: unexpected "," in aggregation
        sum{a="b"}(foo)
            1:11: parse error: unexpected "("
        group(foo)
            OK group(foo)
        stddev(foo) + stdvar(foo)
            OK stddev(foo) + stdvar(foo)
        min(foo) or max(foo)
            OK min(foo) or max(foo)
        rate(foo[5m])
            OK rate(foo[5m])
        rate(foo)
            1:6: parse error: expected type range vector in call to function "rate", got instant vector
        rate(1)
            1:6: parse error: expected type range vector in call to function "rate", got scalar
        rate("a")
            1:6: parse error: expected type range vector in call to function "rate", got string
        rate()
            1:1: parse error: expected 1 argument(s) in call to "rate", got 0
        rate(foo[5m], 1)
            1:1: parse error: expected 1 argument(s) in call to "rate", got 2
        rate(foo[5m],)
            1:13: parse error: trailing commas not allowed in function call args
        rate(,foo[5m])
            1:6: parse error: unexpected ","
        rate(foo[5m] bar)
            1:14: parse error: unexpected identifier "bar"
        rate(foo[5m]
            1:13: parse error: unclosed left parenthesis
        rate foo
            1:6: parse error: unexpected identifier "foo"
        Rate(foo[5m])
            1:1: parse error: unknown function with name "Rate"
        unknown(foo)
            1:1: parse error: unknown function with name "unknown"
        unknown(1, 
            1:12: parse error: unclosed left parenthesis
        time()
            OK time()
        time(1)
            1:1: parse error: expected 0 argument(s) in call to "time", got 1
        pi()
            OK pi()
        pi
            OK pi
        time
            OK time
        vector(1)
            OK vector(1)
        vector(foo)
            1:8: parse error: expected type scalar in call to function "vector", got instant vector
        scalar(foo)
            OK scalar(foo)
        scalar(1)
            1:8: parse error: expected type instant vector in call to function "scalar", got scalar
        abs(foo)
            OK abs(foo)
        abs(1)
            1:5: parse error: expected type instant vector in call to function "abs", got scalar
        abs(foo[5m])
            1:5: parse error: expected type instant vector in call to function "abs", got range vector
        round(foo)
            OK round(foo)
        round(foo, 5)
            OK round(foo, 5)
        round(foo, 5, 6)
            1:1: parse error: expected at most 2 argument(s) in call to "round", got 3
        round()
            1:1: parse error: expected at least 1 argument(s) in call to "round", got 0
        round(foo, foo)
            1:12: parse error: expected type scalar in call to function "round", got instant vector
        clamp(foo, 1, 2)
            OK clamp(foo, 1, 2)
        clamp(foo, 1)
            1:1: parse error: expected 3 argument(s) in call to "clamp", got 2
        clamp_max(foo, 1)
            OK clamp_max(foo, 1)
        day_of_month()
            OK day_of_month()
        day_of_month(foo)
            OK day_of_month(foo)
        day_of_month(foo, foo)
            1:1: parse error: expected at most 1 argument(s) in call to "day_of_month", got 2
        hour(1)
            1:6: parse error: expected type instant vector in call to function "hour", got scalar
        label_replace(foo, "a", "b", "c", "d")
            OK label_replace(foo, "a", "b", "c", "d")
        label_replace(foo, "a", "b", "c")
            1:1: parse error: expected 5 argument(s) in call to "label_replace", got 4
        label_replace(foo, "a", "b", "c", 1)
            1:35: parse error: expected type string in call to function "label_replace", got scalar
        label_join(foo, "a", "b")
            OK label_join(foo, "a", "b")
        label_join(foo, "a", "b", "c")
            OK label_join(foo, "a", "b", "c")
        label_join(foo, "a", "b", "c", "d", "e")
            OK label_join(foo, "a", "b", "c", "d", "e")
        label_join(foo, "a", "b", "c", "d", 1)
            1:37: parse error: expected type string in call to function "label_join", got scalar
        label_join(foo)
            1:1: parse error: expected at least 3 argument(s) in call to "label_join", got 1
        label_join()
            1:1: parse error: expected at least 3 argument(s) in call to "label_join", got 0
        sort_by_label(foo)
            OK sort_by_label(foo)
        sort_by_label(foo, "a", "b")
            OK sort_by_label(foo, "a", "b")
        sort_by_label(foo, 1)
            1:20: parse error: expected type string in call to function "sort_by_label", got scalar
        quantile_over_time(0.5, foo[5m])
            OK quantile_over_time(0.5, foo[5m])
        quantile_over_time(foo[5m], 0.5)
            1:20: parse error: expected type scalar in call to function "quantile_over_time", got range vector
        predict_linear(foo[5m], 3600)
            OK predict_linear(foo[5m], 3600)
        double_exponential_smoothing(foo[5m], 0.5, 0.5)
            OK double_exponential_smoothing(foo[5m], 0.5, 0.5)
        holt_winters(foo[5m], 0.5, 0.5)
            1:1: parse error: unknown function with name "holt_winters"
        histogram_quantile(0.9, foo)
            OK histogram_quantile(0.9, foo)
        histogram_quantile(foo, 0.9)
            1:20: parse error: expected type scalar in call to function "histogram_quantile", got instant vector
        histogram_fraction(0, 1, foo)
            OK histogram_fraction(0, 1, foo)
        info(foo)
            OK info(foo)
        info(foo, {a="b"})
            OK info(foo, {a="b"})
        info(foo, bar)
            1:11: parse error: expected label selectors only, got vector selector instead
        info(1, {a="b"})
            1:6: parse error: expected type instant vector in call to function "info", got scalar
        info(foo, {a="b"}, {c="d"})
            1:1: parse error: expected at most 2 argument(s) in call to "info", got 3
        absent_over_time(foo[5m])
            OK absent_over_time(foo[5m])
        ts_of_max_over_time(foo[5m])
            OK ts_of_max_over_time(foo[5m])
        mad_over_time(foo[5m])
            OK mad_over_time(foo[5m])
        rate(foo[5m])[10m:]
            OK rate(foo[5m])[10m:]
        rate(rate(foo[5m]))
            1:6: parse error: expected type range vector in call to function "rate", got instant vector
        rate(rate(foo[5m])[5m:1m])
            OK rate(rate(foo[5m])[5m:1m])
        sum(rate(foo{a="b"}[5m])) by (c) / sum(rate(bar[5m])) by (c) > 0.5
            OK sum by (c) (rate(foo{a="b"}[5m])) / sum by (c) (rate(bar[5m])) > 0.5
        1 + 2
            OK 1 + 2
        1 + 2 * 3 ^ 4
            OK 1 + 2 * 3 ^ 4
        -1 ^ 2
            OK -1 ^ 2
        -2^2
            OK -2 ^ 2
        -foo^2
            OK -foo ^ 2
        2 ^ 3 ^ 2
            OK 2 ^ 3 ^ 2
        2 ^ -1
            OK 2 ^ -1
        2 ^ -foo
            OK 2 ^ -foo
        --1
            OK 1
        -+1
            OK -1
        - - foo
            OK --foo
        +foo
            OK +foo
        -foo
            OK -foo
        -"a"
            1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "string"
        -foo[5m]
            1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "range vector"
        +foo[5m:]
            1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "range vector"
        -(1)
            OK -(1)
        !foo
            1:1: parse error: unexpected character after '!': 'f'
        1 -
            1:4: parse error: unexpected end of input
        1 +
            1:4: parse error: unexpected end of input
        +
            1:2: parse error: unexpected end of input
        -
            1:2: parse error: unexpected end of input
        * 1
            1:1: parse error: unexpected <op:*>
        1 * * 2
            1:5: parse error: unexpected <op:*>
        1 + + 2
            OK 1 + 2
        1 = 2
            1:3: parse error: unexpected "="
        1 == 2
            1:3: parse error: comparisons between scalars must use BOOL modifier
        1 == bool 2
            OK 1 == bool 2
        1 =~ 2
            1:3: parse error: unexpected character after '=': '~'
        1 ! 2
            1:3: parse error: unexpected character after '!': ' '
        1 !~ 2
            1:3: parse error: unexpected character after '!': '~'
        1 <> 2
            1:4: parse error: unexpected <op:>>
        1 < bool 2
            OK 1 < bool 2
        1 >= bool 2
            OK 1 >= bool 2
        1 <= 2
            1:3: parse error: comparisons between scalars must use BOOL modifier
        foo == 1
            OK foo == 1
        foo == bool 1
            OK foo == bool 1
        foo == bar
            OK foo == bar
        foo != bool bar
            OK foo != bool bar
        foo > bar > 1
            OK foo > bar > 1
        foo + bool 1
            1:5: parse error: bool modifier can only be used on comparison operators
        foo and bool bar
            1:5: parse error: bool modifier can only be used on comparison operators
        foo and 1
            1:1: parse error: set operator "and" not allowed in binary scalar expression
        1 or foo
            1:1: parse error: set operator "or" not allowed in binary scalar expression
        1 unless 1
            1:1: parse error: set operator "unless" not allowed in binary scalar expression
        foo and bar or baz unless qux
            OK foo and bar or baz unless qux
        foo or "a"
            1:8: parse error: binary expression must contain only scalar and instant vector types
        "a" == "b"
            1:1: parse error: binary expression must contain only scalar and instant vector types
        "a" + 1
            1:1: parse error: binary expression must contain only scalar and instant vector types
        foo + foo[5m]
            1:7: parse error: binary expression must contain only scalar and instant vector types
        foo[5m] + foo
            1:1: parse error: binary expression must contain only scalar and instant vector types
        1 + foo[5m]
            1:5: parse error: binary expression must contain only scalar and instant vector types
        foo atan2 bar
            OK foo atan2 bar
        foo % bar
            OK foo % bar
        foo + on(a) bar
            OK foo + on (a) bar
        foo + on (a,b) bar
            OK foo + on (a, b) bar
        foo + ignoring(a) bar
            OK foo + ignoring (a) bar
        foo + on() bar
            OK foo + on () bar
        foo + ignoring() bar
            OK foo + bar
        foo + on(a) 1
            1:1: parse error: vector matching only allowed between instant vectors
        foo + on() 1
            OK foo + 1
        1 + on(a) foo
            1:1: parse error: vector matching only allowed between instant vectors
        1 + ignoring(a) 2
            1:1: parse error: vector matching only allowed between instant vectors
        foo + on(a) group_left bar
            OK foo + on (a) group_left () bar
        foo + on(a) group_left() bar
            OK foo + on (a) group_left () bar
        foo + on(a) group_left(b) bar
            OK foo + on (a) group_left (b) bar
        foo + on(a) group_left(b,c) bar
            OK foo + on (a) group_left (b, c) bar
        foo + on(a) group_right(b) bar
            OK foo + on (a) group_right (b) bar
        foo + on(a) group_left(a) bar
            1:5: parse error: label "a" must not occur in ON and GROUP clause at once
        foo + ignoring(a) group_left(a) bar
            OK foo + ignoring (a) group_left (a) bar
        foo + on(a) group_left (bar)
            1:29: parse error: unexpected end of input
        foo + on(a) group_left (bar) baz
            OK foo + on (a) group_left (bar) baz
        foo + group_left bar
            1:7: parse error: unexpected <group_left>
        foo + group_left(a) bar
            1:7: parse error: unexpected <group_left>
        foo and on(a) group_left(b) bar
            1:1: parse error: no grouping allowed for "and" operation
        foo or ignoring(a) group_right(b) bar
            1:1: parse error: no grouping allowed for "or" operation
        foo and on(a) bar
            OK foo and on (a) bar
        foo unless ignoring(a) bar
            OK foo unless ignoring (a) bar
        foo on(a) bar
            1:5: parse error: unexpected <on>
        foo + on bar
            1:10: parse error: unexpected identifier "bar" in grouping opts, expected "("
        foo + on(a bar
            1:12: parse error: unexpected identifier "bar" in grouping opts, expected "," or ")"
        foo + on(1) bar
            1:10: parse error: unexpected number "1" in grouping opts, expected label
        foo + on(a) on(b) bar
            1:13: parse error: unexpected <on>
        foo == on(a) bool bar
            1:14: parse error: unexpected <bool>
        foo == bool on(a) group_left() bar
            OK foo == bool on (a) group_left () bar
        foo + ignoring(a)
            1:18: parse error: unexpected end of input
        foo[5m]
            OK foo[5m]
        foo[5m
            1:7: parse error: unclosed left bracket
        foo[
            1:5: parse error: unexpected end of input in duration expression
        foo[5]
            OK foo[5s]
        foo[0.5]
            OK foo[500ms]
        foo[0]
            1:5: parse error: duration must be greater than 0
        foo[-5m]
            1:5: parse error: duration must be greater than 0
        foo[+5m]
            OK foo[5m]
        foo["5m"]
            1:5: parse error: unexpected character in duration expression: '"'
        foo[a]
            1:5: parse error: unexpected character in duration expression: 'a'
        foo[5m] [5m]
            1:9: parse error: ranges only allowed for vector selectors
        foo[5m][5m:]
            1:1: parse error: subquery is only allowed on instant vector, got matrix instead
        foo[5m:]
            OK foo[5m:]
        foo[5m:1m]
            OK foo[5m:1m]
        foo[5m:1]
            OK foo[5m:1s]
        foo[:]
            1:6: parse error: unexpected colon before duration in duration expression
        foo[:5m]
            1:6: parse error: unexpected colon before duration in duration expression
        foo[5m:1m:1m]
            1:10: parse error: unexpected colon ':'
        foo[5m::]
            1:8: parse error: unexpected colon ':'
        foo[5m:0]
            1:8: parse error: duration must be greater than 0
        foo[5m:-1m]
            1:8: parse error: duration must be greater than 0
        foo[5m:1m
            1:10: parse error: unclosed left bracket
        foo[5m:
            1:8: parse error: unclosed left bracket
        foo[5m:1m 2m]
            1:11: parse error: unexpected duration "2m" in subquery selector, expected "]"
        foo[5m 2m]
            1:8: parse error: unexpected duration "2m" in subquery or range, expected ":" or "]"
        foo[5m"]
            1:7: parse error: unterminated quoted string
        foo[5m)]
            1:8: parse error: unexpected right parenthesis ')'
        foo[5m+5m]
            OK foo[5m + 5m]
        foo[5m+5m:1m+30s]
            OK foo[5m + 5m:1m + 30s]
        foo[2*5m]
            OK foo[2 * 5m]
        foo[10m/2]
            OK foo[10m / 2]
        foo[10m%3m]
            OK foo[10m % 3m]
        foo[2^3]
            OK foo[2 ^ 3]
        foo[-5m+10m]
            OK foo[-5m + 10m]
        foo[5m/0]
            1:7: parse error: division by zero
        foo[5m%0]
            1:7: parse error: modulo by zero
        foo[(5m+5m)*2]
            OK foo[(5m + 5m) * 2]
        foo[1y1w]
            OK foo[372d]
        foo[300y]
            1:5: parse error: duration out of range
        foo[5m3h]
            1:5: parse error: not a valid duration string: "5m3h"
        foo [ 5m ]
            OK foo[5m]
        foo[ 5m ]
            OK foo[5m]
        foo[5m : 1m]
            OK foo[5m:1m]
        foo[[5m]]
            1:5: parse error: unexpected character in duration expression: '['
        1[5m]
            1:2: parse error: ranges only allowed for vector selectors
        1[5m:]
            1:1: parse error: subquery is only allowed on instant vector, got scalar instead
        "a"[5m:]
            1:1: parse error: subquery is only allowed on instant vector, got string instead
        (foo)[5m]
            1:6: parse error: ranges only allowed for vector selectors
        (foo)[5m:]
            OK (foo)[5m:]
        (foo + bar)[5m:1m]
            OK (foo + bar)[5m:1m]
        sum(foo)[5m]
            1:9: parse error: ranges only allowed for vector selectors
        sum(foo)[5m:]
            OK sum(foo)[5m:]
        foo[5m:] + 1
            1:1: parse error: binary expression must contain only scalar and instant vector types
        foo{a="b"}[5m:]
            OK foo{a="b"}[5m:]
        time()[5m:]
            1:1: parse error: subquery is only allowed on instant vector, got scalar instead
        foo offset 5m
            OK foo offset 5m
        foo offset -5m
            OK foo offset -5m
        foo offset +5m
            OK foo offset 5m
        foo offset 5
            OK foo offset 5s
        foo offset -5
            OK foo offset -5s
        foo offset 0
            OK foo
        foo offset 0.5
            OK foo offset 500ms
        foo offset 5m offset 5m
            1:1: parse error: offset may not be set multiple times
        foo offset 0 offset 5m
            OK foo offset 5m
        foo offset --5m
            OK foo offset 5m
        foo offset (5m
            1:15: parse error: unclosed left parenthesis
        foo offset (5m + 5m)
            OK foo offset (5m + 5m)
        foo offset 5m * 2
            OK foo offset 5m * 2
        foo offset 2 ^ 2
            OK foo offset 2s ^ 2
        foo offset -2 ^ 2
            OK foo offset -2s ^ 2
        foo offset (5m/0)
            1:15: parse error: division by zero
        foo offset 300y
            1:12: parse error: duration out of range
        foo{a="b"} offset 1h
            OK foo{a="b"} offset 1h
        foo[5m] offset 1h
            OK foo[5m] offset 1h
        foo[5m:1m] offset 1h
            OK foo[5m:1m] offset 1h
        foo offset 1h [5m]
            1:15: parse error: no offset modifiers allowed before range
        foo offset 1h [5m:]
            OK foo offset 1h[5m:]
        sum(foo offset 1h)
            OK sum(foo offset 1h)
        sum(foo) offset 1h
            1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery
        (foo) offset 1h
            1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery
        1 offset 1h
            1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery
        rate(foo[5m] offset 1w)
            OK rate(foo[5m] offset 1w)
        rate(foo[5m]) offset 1w
            1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery
        -foo offset 5m
            OK -foo offset 5m
        foo @ 1
            OK foo @ 1.000
        foo @ 1.5
            OK foo @ 1.500
        foo @ -1
            OK foo @ -1.000
        foo @ +1
            OK foo @ 1.000
        foo @ 5m
            OK foo @ 300.000
        foo @ 0x10
            OK foo @ 16.000
        foo @ 1e3
            OK foo @ 1000.000
        foo @ 1603774568.123
            OK foo @ 1603774568.123
        foo @ start()
            OK foo @ start()
        foo @ end()
            OK foo @ end()
        foo @ START()
            OK foo @ start()
        foo @ start
            1:12: parse error: unexpected end of input in @, expected timestamp
        foo @ start(
            1:13: parse error: unclosed left parenthesis
        foo @ start(1)
            1:13: parse error: unexpected number "1" in @, expected timestamp
        foo @
            1:6: parse error: unexpected end of input in @, expected timestamp
        foo @ bar
            1:7: parse error: unexpected identifier "bar" in @, expected timestamp
        foo @ "a"
            1:7: parse error: unexpected string "\"a\"" in @, expected timestamp
        foo @ - 1
            OK foo @ -1.000
        foo @ --1
            1:8: parse error: unexpected <op:-> in @, expected timestamp
        foo @ Inf
            1:1: parse error: timestamp out of bounds for @ modifier: +Inf
        foo @ NaN
            1:1: parse error: timestamp out of bounds for @ modifier: NaN
        foo @ -Inf
            1:1: parse error: timestamp out of bounds for @ modifier: -Inf
        foo @ 1 @ 2
            1:1: parse error: @ <timestamp> may not be set multiple times
        foo @ start() @ 2
            1:1: parse error: @ <timestamp> may not be set multiple times
        foo @ 1 offset 5m
            OK foo @ 1.000 offset 5m
        foo offset 5m @ 1
            OK foo @ 1.000 offset 5m
        foo[5m] @ 1
            OK foo[5m] @ 1.000
        foo @ 1 [5m]
            1:9: parse error: no @ modifiers allowed before range
        foo @ start() [5m]
            OK foo[5m] @ start()
        foo @ 1 [5m:]
            OK foo @ 1.000[5m:]
        foo[5m:] @ 1
            OK foo[5m:] @ 1.000
        foo[5m:] @ end() offset 5m
            OK foo[5m:] @ end() offset 5m
        1 @ 1
            1:1: parse error: @ modifier must be preceded by an instant vector selector or range vector selector or a subquery
        (foo) @ 1
            1:1: parse error: @ modifier must be preceded by an instant vector selector or range vector selector or a subquery
        sum(foo) @ 1
            1:1: parse error: @ modifier must be preceded by an instant vector selector or range vector selector or a subquery
        sum(foo @ 1)
            OK sum(foo @ 1.000)
        -foo @ 1
            OK -foo @ 1.000
        foo ^ bar @ 1
            OK foo ^ bar @ 1.000
        ()
            1:2: parse error: unexpected ")"
        (1)
            OK (1)
        ((foo))
            OK ((foo))
        (foo
            1:5: parse error: unclosed left parenthesis
        foo)
            1:5: parse error: unexpected right parenthesis ')'
        (foo))
            1:7: parse error: unexpected right parenthesis ')'
        ((foo)
            1:7: parse error: unclosed left parenthesis
        (foo bar)
            1:6: parse error: unexpected identifier "bar"
        foo bar
            1:5: parse error: unexpected identifier "bar"
        foo 1
            1:5: parse error: unexpected number "1"
        1 foo
            1:3: parse error: unexpected identifier "foo"
        1 2
            1:3: parse error: unexpected number "2"
        "a" "b"
            1:5: parse error: unexpected string "\"b\""
        foo "a"
            1:5: parse error: unexpected string "\"a\""
        foo()
            1:1: parse error: unknown function with name "foo"
        foo(
            1:5: parse error: unclosed left parenthesis
        )
            1:2: parse error: unexpected right parenthesis ')'
        ]
            1:1: parse error: unexpected right bracket ']'
        }
            1:1: parse error: unexpected character: '}'
        [
            1:1: parse error: unexpected "["
        {
            1:2: parse error: unexpected end of input inside braces
        ,
            1:1: parse error: unexpected ","
        =
            1:1: parse error: unexpected "="
        foo,bar
            1:4: parse error: unexpected ","
        foo;bar
            1:4: parse error: unexpected character: ';'
        foo $ bar
            1:5: parse error: unexpected character: '$'
        foo & bar
            1:5: parse error: unexpected character: '&'
        foo | bar
            1:5: parse error: unexpected character: '|'
        foo \ bar
            1:5: parse error: unexpected character: '\\'
        foo ? 1
            1:5: parse error: unexpected character: '?'
        é
            1:1: parse error: unexpected character: 'é'
        foo é
            1:5: parse error: unexpected character: 'é'
        # comment
            1:1: parse error: no expression found in input
        foo # comment
            OK foo
        foo #
            OK foo
        foo{a="b" # c⏎}
            OK foo{a="b"}
        foo{⏎ a="b", # x⏎ c="d"⏎}
            OK foo{a="b",c="d"}
        sum(⏎  foo # x⏎) by (⏎ a⏎) bar
            5:3: parse error: unexpected identifier "bar"
        sum(⏎  foo bar⏎)
            2:7: parse error: unexpected identifier "bar" in aggregation
        ⏎⏎foo bar
            3:5: parse error: unexpected identifier "bar"
        foo⏎  + ⏎ "a"
            3:2: parse error: binary expression must contain only scalar and instant vector types
        foo␍⏎  bar
            2:3: parse error: unexpected identifier "bar"
        ␉foo␉bar
            1:6: parse error: unexpected identifier "bar"
        foo + ⏎
            2:1: parse error: unexpected end of input
        sum by (a) (rate(foo{job="x"}[5m])) / on (a) group_left (b) sum by (a, b) (bar) * 100 > bool 5
            OK sum by (a) (rate(foo{job="x"}[5m])) / on (a) group_left (b) sum by (a, b) (bar) * 100 > bool 5
        histogram_quantile(0.99, sum by (le) (rate(http_bucket{job=~"a|b"}[5m])))
            OK histogram_quantile(0.99, sum by (le) (rate(http_bucket{job=~"a|b"}[5m])))
        label_replace(up, "x", "$1", "instance", "(.*):.*")
            OK label_replace(up, "x", "$1", "instance", "(.*):.*")
        topk(3, sum by (app, proc) (rate(instance_cpu_time_ns[5m])))
            OK topk(3, sum by (app, proc) (rate(instance_cpu_time_ns[5m])))
        count by (app) (instance_cpu_time_ns)
            OK count by (app) (instance_cpu_time_ns)
        max_over_time(deriv(rate(distance_covered_total[5s])[30s:5s])[10m:])
            OK max_over_time(deriv(rate(distance_covered_total[5s])[30s:5s])[10m:])
        (instance_memory_limit_bytes - instance_memory_usage_bytes) / 1024 / 1024
            OK (instance_memory_limit_bytes - instance_memory_usage_bytes) / 1024 / 1024
        avg(DCGM_FI_DEV_GPU_TEMP{instance=~"$instance", gpu=~"$gpu"})
            OK avg(DCGM_FI_DEV_GPU_TEMP{gpu=~"$gpu",instance=~"$instance"})
        foo{a="b"} and foo{a="c"} unless on(x) bar
            OK foo{a="b"} and foo{a="c"} unless on (x) bar
        1 and foo
            1:1: parse error: set operator "and" not allowed in binary scalar expression
        foo and (1)
            1:1: parse error: set operator "and" not allowed in binary scalar expression
        -foo == bar
            OK -foo == bar
        foo == -bar
            OK foo == -bar
        foo[5m] == foo[5m]
            1:1: parse error: binary expression must contain only scalar and instant vector types
        sum(foo == 1 == bool 2)
            OK sum(foo == 1 == bool 2)
        1 == bool 2 == 3
            1:13: parse error: comparisons between scalars must use BOOL modifier
        foo / 0
            OK foo / 0
        foo + time()
            OK foo + time()
        time() > 5
            1:8: parse error: comparisons between scalars must use BOOL modifier
        time() > bool 5
            OK time() > bool 5
        vector(1) > 5
            OK vector(1) > 5
        scalar(foo) == 1
            1:13: parse error: comparisons between scalars must use BOOL modifier
        absent(foo{a="b"})
            OK absent(foo{a="b"})
        sort(foo)
            OK sort(foo)
        sort_desc(foo[5m])
            1:11: parse error: expected type instant vector in call to function "sort_desc", got range vector
        timestamp(foo offset 5m)
            OK timestamp(foo offset 5m)
        year(vector(0))
            OK year(vector(0))
        foo + "a"[5m:]
            1:7: parse error: subquery is only allowed on instant vector, got string instead
        min
            OK min
        max
            OK max
        min(1)
            1:5: parse error: expected type instant vector in aggregation expression, got scalar
        count_values("a b", foo)
            OK count_values("a b", foo)
        stddev by (a) (foo) without (b)
            1:21: parse error: unexpected <without>
        foo offset 1h30m5s
            OK foo offset 1h30m5s
        foo @ 1 + bar @ 2
            OK foo @ 1.000 + bar @ 2.000
        foo{a="b",a="c"}
            OK foo{a="b",a="c"}
        foo{a=""}
            OK foo{a=""}
        foo + foo{
            1:11: parse error: unexpected end of input inside braces
        foo + sum(
            1:11: parse error: unclosed left parenthesis
        foo + sum by
            1:13: parse error: unexpected end of input in grouping opts, expected "("
        foo + rate(bar[5m]) offset 5m offset
            1:7: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery
        foo[5m] offset 1h offset 2h
            1:1: parse error: offset may not be set multiple times
        (foo[5m])
            OK (foo[5m])
        rate((foo[5m]))
            OK rate((foo[5m]))
        ((foo[5m])) offset 5m
            1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery
        abs((foo))
            OK abs((foo))
        abs(-foo)
            OK abs(-foo)
        -abs(foo) ^ 2
            OK -abs(foo) ^ 2
        foo ^ bar ^ baz
            OK foo ^ bar ^ baz
        foo - bar - baz
            OK foo - bar - baz
        foo / bar * baz % qux
            OK foo / bar * baz % qux
        foo or bar and baz
            OK foo or bar and baz
        foo and bar == baz + qux * quux ^ corge
            OK foo and bar == baz + qux * quux ^ corge
        foo unless on () bar
            OK foo unless on () bar
        sum(foo) by (a) > on (a) sum(bar) by (a)
            OK sum by (a) (foo) > on (a) sum by (a) (bar)
        1 > bool foo
            OK 1 > bool foo
        foo >= bool on (a) bar
            OK foo >= bool on (a) bar
        foo bar
            1:4: parse error: unexpected character: '\u00a0'
        foo == ignoring (x) group_right () bar
            OK foo == ignoring (x) group_right () bar
        foo * on (a) group_left (b, a) bar
            1:5: parse error: label "a" must not occur in ON and GROUP clause at once
        {a="b"}[5m]
            OK {a="b"}[5m]
        {a="b"} offset 5m
            OK {a="b"} offset 5m
        {__name__=~"x|y",a=""}
            OK {__name__=~"x|y",a=""}
        {__name__=~"x|"}
            1:1: parse error: vector selector must contain at least one non-empty matcher
        {a!~""}
            OK {a!~""}
        {a!="x"}
            1:1: parse error: vector selector must contain at least one non-empty matcher
        sum(sum(sum(sum(foo))))
            OK sum(sum(sum(sum(foo))))
        sum by (a) (sum by (a, b) (foo) / 2)
            OK sum by (a) (sum by (a, b) (foo) / 2)
        rate(foo[1m]) > 0 or rate(bar[1m]) > 0
            OK rate(foo[1m]) > 0 or rate(bar[1m]) > 0
        foo{a=~"a**"}
            1:5: parse error: error parsing regexp: invalid nested repetition operator: `**`
        foo{a=~"a{1001}"}
            1:5: parse error: error parsing regexp: invalid repeat count: `{1001}`
        foo{a=~"[a"}
            1:5: parse error: error parsing regexp: missing closing ]: `[a`
        foo{a=~"a)"}
            1:5: parse error: error parsing regexp: unexpected ): `a)`
        foo{a=~"(?!x)"}
            1:5: parse error: error parsing regexp: invalid or unsupported Perl syntax: `(?!`
        foo{a=~"\\q"}
            1:5: parse error: error parsing regexp: invalid escape sequence: `\q`
        foo{a=~"(?P<n"}
            1:5: parse error: error parsing regexp: invalid named capture: `(?P<n`
        foo{a=~"a\\"}
            1:5: parse error: error parsing regexp: trailing backslash at end of expression: ``
        foo{a=~"x{2,1}"}
            1:5: parse error: error parsing regexp: invalid repeat count: `{2,1}`
        foo{a=~"[[:foo:]]"}
            1:5: parse error: error parsing regexp: invalid character class range: `[:foo:]`
        foo{a=~"\\pX"}
            1:5: parse error: error parsing regexp: invalid character class range: `\pX`
        foo[1e3m]
            1:5: parse error: unknown unit "e" in duration "1e3m"
        foo[10y1w1d1h1m1s1ms]
            OK foo[3658d1h1m1s1ms]
        foo[1ms]
            OK foo[1ms]
        foo offset -(5m+1m)
            OK foo offset -(5m + 1m)
        foo[2^-1*10m]
            OK foo[2 ^ -1 * 10m]
        foo[-2^2+10]
            OK foo[-2 ^ 2 + 10]
        5m
            OK 5m
        1h30m
            OK 1h30m
        5m == bool 300
            OK 5m == bool 300
        1y
            OK 1y
        1w2d3h4m5s6ms
            OK 9d3h4m5s6ms
        5ms
            OK 5ms
        5m + 1
            OK 5m + 1
        2 ^ 2m
            OK 2 ^ 2m
        foo offset 5m + 5m
            OK foo offset 5m + 5m
        vector(5m)
            OK vector(5m)
        -5m
            OK -5m
        -5m ^ 2
            OK -5m ^ 2
        1500ms
            OK 1s500ms
        0s
            OK 0s
        -(5m)
            OK -(5m)
        - -5m
            OK 5m
        clamp(foo, -5m, 1ms)
            OK clamp(foo, -5m, 1ms)
        36h
            OK 1d12h
        """#
}
