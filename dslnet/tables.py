"""Generated from grammars/net.lark by `python -m dslnet.grammar`: do not edit.

ACTIONS has a line for each state: a kind and the state to shift to, or a kind, `r` and the rule;
GOTOS has a line for each state: a nonterminal and the state that follows it. RULES has a line for each rule:
what it makes, how many symbols it takes, and the function that builds the node (`-` for a lone symbol that
stands for itself). TERMINALS are the patterns that the lexer tries, in this order.
"""

# fmt: off
# ruff: noqa

FINAL = 7

TERMINALS = (
    ('STRUCTURE', '(?:residual|concat|add|mul|stack|parallel|scan)\\b'),
    ('REPEAT', '(?:repeat|each)\\b'),
    ('CONSTANT', '(?:true|false|none)\\b'),
    ('DTYPE', '(?:float|long|bool)\\b'),
    ('WITH', '(?:with|by|to)\\b'),
    ('FROM', 'from\\b'),
    ('ELIF', 'elif\\b'),
    ('ELSE', 'else\\b'),
    ('USE', 'use\\b'),
    ('AND', 'and\\b'),
    ('NOT', 'not\\b'),
    ('ELLIPSIS', '\\.\\.\\.'),
    ('AS', 'as\\b'),
    ('IN', 'in\\b'),
    ('IF', 'if\\b'),
    ('OR', 'or\\b'),
    ('ARROW', '\\->'),
    ('POWER', '\\*\\*'),
    ('FLOAT', '[0-9]+\\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+'),
    ('COMPARISON', '==|!=|<=|>=|<|>'),
    ('PRODUCT', '\\/\\/|\\*|\\/|%|@'),
    ('STRING', '"(?:\\\\["\\\\]|[^"\\\\\n])*"'),
    ('LNAME', '[a-z_][A-Za-z0-9_]*'),
    ('UNAME', '[A-Z][A-Za-z0-9_]*'),
    ('INT', '[0-9]+'),
    ('PLUS', '\\+'),
    ('MINUS', '\\-'),
    ('LPAR', '\\('),
    ('RPAR', '\\)'),
    ('LSQB', '\\['),
    ('RSQB', '\\]'),
    ('COMMA', ','),
    ('COLON', ':'),
    ('EQUAL', '='),
    ('DOT', '\\.'),
    ('BAR', '\\|'),
)

RULES = """
top 1 -
top 1 -
tops 1 one
start 1 file
top 1 -
top 2 bad
use_name 1 use_name
use_names 1 one
tops 2 more
atom 1 literal
atom 1 literal
atom 1 literal
atom 1 ref
atom 1 literal
atom 1 box
trailer 1 -
negation 1 -
disjunction 1 -
expression 1 -
steps 1 one
conjunction 1 -
signed 1 -
sum 1 -
atom 1 -
power 1 -
product 1 -
pipeline 1 pipeline
comparison 1 -
side 1 -
combinator 1 otherwise
combinator 1 structure
combinator 1 wrap
definition 4 definition
body 1 -
any_name 1 identifier
any_name 1 identifier
parameter 1 parameter
parameters 1 one
key 1 key_number
key 1 key_name
key 1 key_string
statement 1 -
statement 1 -
statement 1 -
statements 1 one
atom 2 call_ref
items 1 one
item_value 1 argument
dimension 1 ellipsis
shape 2 shape_empty
dimensions 1 one
dimension 1 -
signed 2 unary
negation 2 unary
atom 2 call_box
constant 4 constant
atom 2 shape_dtype
use_name 3 use_alias
use_names 3 more_comma
dotted 1 one_name
combinator 2 choice
combinator 2 choice
combinator 2 repeat
combinator 2 structure_arguments
combinator 2 wrap_arguments
body 2 value
close 1 mark
lane 2 lane
statement 2 bad
key 2 key_role
item 2 item
top 5 bad_suite
statements 2 more
arguments 2 no_items
atom 3 paren
close_square 1 mark
shape 3 shape
conjunction 3 binary
disjunction 3 binary
product 3 binary
power 3 binary
steps 3 more_comma
comparison 3 binary
sum 3 binary
sum 3 binary
trailer 3 attribute
side 3 side
use 5 use
use 5 use_dotted
body 3 nest
body 3 flow
definition 6 definition_empty
parameter 3 parameter_default
close 2 mark_comma
parameters 3 more_comma
declaration 3 export
declared 1 -
declaration 3 declaration
arguments 3 items
item_value 3 argument_name
items 3 more_comma
close_square 2 mark_comma
dimensions 3 more_comma
trailer 4 index
side 4 side_minus
use 6 use_python
dotted 3 more_names
suite 4 suite
combinator 4 repeat_in
definition 7 definition_parameters
lane 4 lane_key
item 4 item_key
expression 5 conditional
statement 5 bad_suite
declared 4 value_default
"""

ACTIONS = """
D1 !2 a3 u4
A11
;12
:13
a14 A15
$r0 Dr0 !r0 ar0 ur0
$r1 Dr1 !r1 ar1 ur1

$r2 Dr2 !r2 ar2 ur2
$r3 D1 !2 a3 u4
$r4 Dr4 !r4 ar4 ur4
:19 (20
$r5 Dr5 !r5 {21 ar5 ur5
c22 123 024 a25 (26 [27 -28 ~29 "30 A31
A15
s48 ,r6 fr6
,r7 fr7
,49 f50
$r8 Dr8 !r8 ar8 ur8
c22 l51 e52 123 i53 024 a25 (26 [27 -28 ;54 ~29 r55 "30 S56 A57
a63 )64 A65
|69 !70 071 a72 -73 "74
&r9 >r9 :r9 ,r9 <r9 .r9 er9 =r9 ir9 [r9 -r9 ;r9 vr9 +r9 ^r9 *r9 )r9 ]r9 wr9
&r10 >r10 :r10 ,r10 <r10 .r10 er10 =r10 ir10 [r10 -r10 ;r10 vr10 +r10 ^r10 *r10 )r10 ]r10 wr10
&r11 >r11 :r11 ,r11 <r11 .r11 er11 =r11 ir11 [r11 -r11 ;r11 vr11 +r11 ^r11 *r11 )r11 ]r11 wr11
&r12 >r12 :r12 ,r12 <r12 .r12 er12 =r12 ir12 (81 [r12 -r12 ;r12 vr12 +r12 ^r12 *r12 )r12 ]r12 wr12
c22 123 024 a83 (26 [27 -28 ~29 "30 A84
c22 _89 123 024 a25 (26 [27 -28 ~29 ]90 "30 A31
c22 123 024 a25 (26 [27 -28 "30 A31
c22 123 024 a25 (26 [27 -28 ~29 "30 A31
&r13 >r13 :r13 ,r13 <r13 .r13 er13 =r13 ir13 [r13 -r13 ;r13 vr13 +r13 ^r13 *r13 )r13 ]r13 wr13
&r14 >r14 :r14 ,r14 <r14 .r14 er14 =r14 ir14 (81 [r14 -r14 ;r14 vr14 +r14 ^r14 *r14 )r14 ]r14 wr14
&r15 >r15 :r15 ,r15 <r15 .r15 er15 =r15 ir15 [r15 -r15 ;r15 vr15 +r15 ^r15 *r15 )r15 ]r15 wr15
&r16 >r16 :r16 ,r16 er16 =r16 ir16 ;r16 vr16 )r16 ]r16
&97 >r17 :r17 ,r17 er17 =r17 ir17 ;r17 vr17 )r17 ]r17
>r18 :r18 ,r18 =r18 i98 ;r18 v99 )r18 ]r18
>r19 ,r19 =r19 ;r19 )r19 ]r19
&r20 >r20 :r20 ,r20 er20 =r20 ir20 ;r20 vr20 )r20 ]r20
;100
&r21 >r21 :r21 ,r21 <r21 er21 =r21 ir21 -r21 ;r21 vr21 +r21 *r21 )r21 ]r21
&r22 >r22 :r22 ,r22 <r22 er22 =r22 ir22 -r22 ;r22 vr22 +r22 *101 )r22 ]r22
&r23 >r23 :r23 ,r23 <r23 .r23 t102 er23 =r23 ir23 [r23 -r23 ;r23 vr23 +r23 ^r23 *r23 )r23 ]r23 wr23
&r24 >r24 :r24 ,r24 <r24 er24 =r24 ir24 -r24 ;r24 vr24 +r24 ^103 *r24 )r24 ]r24
&r25 >r25 :r25 ,r25 <r25 er25 =r25 ir25 -r25 ;r25 vr25 +r25 *r25 )r25 ]r25
>104 ,r26 ;r26 )r26 ]r26
&r27 >r27 :r27 ,r27 <105 er27 =r27 ir27 -106 ;r27 vr27 +107 )r27 ]r27
&r28 >r28 :r28 ,r28 <r28 .108 er28 =r28 ir28 [109 -r28 ;r28 vr28 +r28 ^r28 *r28 )r28 ]r28 w110
,49 f111
A112
A15
a114 "115
c22 123 024 a25 (26 [27 -28 ~29 "30 A31
:r29
c22 123 024 a25 (26 [27 -28 ~29 "30 A31
{119
c22 123 024 a120 (26 [27 -28 ~29 "30 A31
:r30 (81
&r14 >r14 :r31 <r14 .r14 =r14 ir14 (81 [r14 -r14 ;r14 vr14 +r14 ^r14 *r14 wr14
$r32 Dr32 !r32 ar32 ur32
:124
;125
>126 =r26 ;r26
$r33 |r33 }r33 Dr33 !r33 0r33 ar33 -r33 "r33 ur33
,r34 =r34 )r34
:127
,r35 =r35 )r35
,r36 =128 )r36
,r37 )r37
,129 )130
c22 l51 e52 123 i53 0132 a133 (26 [27 -28 ;54 ~29 r55 "134 S56 A57
;137
:r38
:r39 a138
c22 l51 e52 123 i53 0132 a133 (26 [27 -28 ;54 ~29 r55 "134 S56 A57
:r40
|r41 }r41 !r41 0r41 ar41 -r41 "r41
|r42 }r42 !r42 0r42 ar42 -r42 "r42
:141
|r43 }r43 !r43 0r43 ar43 -r43 "r43
|r44 }r44 !r44 0r44 ar44 -r44 "r44
|69 }142 !70 071 a72 -73 "74
c22 123 024 a83 (26 [27 -28 ~29 )144 "30 A84
&r45 >r45 :r45 ,r45 <r45 .r45 er45 =r45 ir45 [r45 -r45 ;r45 vr45 +r45 ^r45 *r45 )r45 ]r45 wr45
&r12 >r12 ,r12 <r12 .r12 =r34 ir12 (81 [r12 -r12 vr12 +r12 ^r12 *r12 )r12 ]r12 wr12
&r14 >r14 ,r14 <r14 .r14 =r35 ir14 (81 [r14 -r14 vr14 +r14 ^r14 *r14 )r14 ]r14 wr14
=146
,r46 )r46 ]r46
,147 )130
,r47 )r47 ]r47
,r48 ]r48
&r49 >r49 :r49 ,r49 <r49 .r49 tr49 er49 =r49 ir49 [r49 -r49 ;r49 vr49 +r49 ^r49 *r49 )r49 ]r49 wr49
,r50 ]r50
,149 ]150
,r51 ]r51
&r52 >r52 :r52 ,r52 <r52 er52 =r52 ir52 -r52 ;r52 vr52 +r52 *r52 )r52 ]r52
&r53 >r53 :r53 ,r53 er53 =r53 ir53 ;r53 vr53 )r53 ]r53
&r54 >r54 :r54 ,r54 <r54 .r54 er54 =r54 ir54 [r54 -r54 ;r54 vr54 +r54 ^r54 *r54 )r54 ]r54 wr54
c22 123 024 a25 (26 [27 -28 ~29 "30 A31
c22 123 024 a25 (26 [27 -28 ~29 "30 A31
c22 123 024 a25 (26 [27 -28 ~29 "30 A31
$r55 Dr55 !r55 ar55 ur55
c22 123 024 a25 (26 [27 -28 "30 A31
&r56 >r56 :r56 ,r56 <r56 .r56 er56 =r56 ir56 [r56 -r56 ;r56 vr56 +r56 ^r56 *r56 )r56 ]r56 wr56
c22 123 024 a25 (26 [27 -28 "30 A31
c22 123 024 a25 (26 [27 "30 A31
c22 123 024 a25 (26 [27 -28 "30 A31
c22 123 024 a25 (26 [27 -28 "30 A31
c22 123 024 a25 (26 [27 -28 "30 A31
a161
c22 123 024 a83 (26 [27 -28 ~29 "30 A84
c22 123 024 a25 (26 [27 -163 "30 A31
"165
,r57 fr57
,r58 fr58
.r59 ;r59
;166
.167 ;168
:r60
:r61
|69 !70 071 a72 -73 "74
&r12 :r12 <r12 .r12 ir12 n170 (81 [r12 -r12 vr12 +r12 ^r12 *r12 wr12
:r62
:r63
&r54 >r54 :r64 <r54 .r54 =r54 ir54 [r54 -r54 ;r54 vr54 +r54 ^r54 *r54 wr54
c22 l51 e52 123 i53 024 a25 (26 [27 -28 ;54 ~29 r55 "30 S56 A57
$r65 |r65 }r65 Dr65 !r65 0r65 ar65 -r65 "r65 ur65
c22 123 024 a25 (26 [27 ;54 "30 A31
c22 l51 e52 123 i53 024 a25 (26 [27 -28 ;54 ~29 r55 "30 S56 A57
c22 123 024 a25 (26 [27 -28 ~29 "30 A31
a63 )175 A65
&r66 >r66 :r66 ,r66 <r66 .r66 er66 =r66 ir66 [r66 -r66 ;r66 vr66 +r66 ^r66 *r66 )r66 ]r66 wr66
:177
&r11 >r11 :r38 <r11 .r11 ir11 [r11 -r11 ;r11 vr11 +r11 ^r11 *r11 wr11
&r12 >r12 :r39 <r12 .r12 ir12 a178 (81 [r12 -r12 ;r12 vr12 +r12 ^r12 *r12 wr12
&r13 >r13 :r40 <r13 .r13 ir13 [r13 -r13 ;r13 vr13 +r13 ^r13 *r13 wr13
|r67 }r67 !r67 0r67 ar67 -r67 "r67
:179
|r68 }r68 !r68 {180 0r68 ar68 -r68 "r68
:r69 ;181
|r70 }r70 !r70 0r70 ar70 -r70 "r70
:182
c22 l51 e52 123 i53 024 a25 (26 [27 -28 ;54 ~29 r55 "30 S56 A57
$r71 Dr71 !r71 ar71 ur71
|r72 }r72 !r72 0r72 ar72 -r72 "r72
&r73 >r73 :r73 ,r73 <r73 .r73 er73 =r73 ir73 [r73 -r73 ;r73 vr73 +r73 ^r73 *r73 )r73 ]r73 wr73
,147 )130
c22 123 024 a25 (26 [27 -28 ~29 "30 A31
c22 123 024 a83 (26 [27 -28 ~29 )175 "30 A84
&r74 >r74 :r74 ,r74 <r74 .r74 er74 =r74 ir74 [r74 -r74 ;r74 vr74 +r74 ^r74 *r74 )r74 ]r74 wr74
c22 _89 123 024 a25 (26 [27 -28 ~29 ]189 "30 A31
&r75 >r75 :r75 ,r75 <r75 .r75 tr75 er75 =r75 ir75 [r75 -r75 ;r75 vr75 +r75 ^r75 *r75 )r75 ]r75 wr75
&r76 >r76 :r76 ,r76 <r76 .r76 tr76 er76 =r76 ir76 [r76 -r76 ;r76 vr76 +r76 ^r76 *r76 )r76 ]r76 wr76
&r77 >r77 :r77 ,r77 er77 =r77 ir77 ;r77 vr77 )r77 ]r77
e191 v99
&97 >r78 :r78 ,r78 er78 =r78 ir78 ;r78 vr78 )r78 ]r78
&r79 >r79 :r79 ,r79 <r79 er79 =r79 ir79 -r79 ;r79 vr79 +r79 *r79 )r79 ]r79
&r80 >r80 :r80 ,r80 <r80 er80 =r80 ir80 -r80 ;r80 vr80 +r80 *r80 )r80 ]r80
>r81 ,r81 =r81 ;r81 )r81 ]r81
&r82 >r82 :r82 ,r82 er82 =r82 ir82 -106 ;r82 vr82 +107 )r82 ]r82
&r83 >r83 :r83 ,r83 <r83 er83 =r83 ir83 -r83 ;r83 vr83 +r83 *101 )r83 ]r83
&r84 >r84 :r84 ,r84 <r84 er84 =r84 ir84 -r84 ;r84 vr84 +r84 *101 )r84 ]r84
&r85 >r85 :r85 ,r85 <r85 .r85 er85 =r85 ir85 [r85 -r85 ;r85 vr85 +r85 ^r85 *r85 )r85 ]r85 wr85
,192 ]150
c22 123 024 a25 (26 [27 "30 A31
&r86 >r86 :r86 ,r86 <r86 .108 er86 =r86 ir86 [109 -r86 ;r86 vr86 +r86 ^r86 *r86 )r86 ]r86
;195
$r87 Dr87 !r87 ar87 ur87
a196
$r88 Dr88 !r88 ar88 ur88
|69 }197 !70 071 a72 -73 "74
c22 123 024 a25 (26 [27 -28 ~29 "30 A31
$r89 |r89 }r89 Dr89 !r89 0r89 ar89 -r89 "r89 ur89
$r90 |r90 }r90 Dr90 !r90 0r90 ar90 -r90 "r90 ur90
$r91 Dr91 !r91 ar91 ur91
,r92 )r92
&r93 >r93 :r93 ,r93 <r93 .r93 er93 =r93 ir93 [r93 -r93 ;r93 vr93 +r93 ^r93 *r93 )r93 ]r93 wr93
,r94 )r94
c22 l51 e52 123 i53 024 a25 (26 [27 -28 ;54 ~29 r55 "30 S56 A57
:r69
c22 l51 e52 123 i53 024 a25 (26 [27 -28 ;54 ~29 r55 "30 S56 A57
|69 !70 071 a72 -73 "74
|r95 }r95 !r95 0r95 ar95 -r95 "r95
c22 l51 e52 123 i53 024 a25 (26 [27 -28 ;54 ~29 r55 "30 S56 A57
|r96 }r96 !r96 0r96 ar96 -r96 "r96
|r97 }r97 !r97 0r97 ar97 -r97 "r97
=203 ;125
&r98 >r98 :r98 ,r98 <r98 .r98 er98 =r98 ir98 [r98 -r98 ;r98 vr98 +r98 ^r98 *r98 )r98 ]r98 wr98
,r99 )r99 ]r99
,r100 )r100 ]r100
&r101 >r101 :r101 ,r101 <r101 .r101 tr101 er101 =r101 ir101 [r101 -r101 ;r101 vr101 +r101 ^r101 *r101 )r101 ]r101 wr101
,r102 ]r102
c22 123 024 a25 (26 [27 -28 ~29 "30 A31
c22 123 024 a83 (26 [27 -28 ~29 ]189 "30 A84
&r103 >r103 :r103 ,r103 <r103 .r103 er103 =r103 ir103 [r103 -r103 ;r103 vr103 +r103 ^r103 *r103 )r103 ]r103 wr103
&r104 >r104 :r104 ,r104 <r104 .108 er104 =r104 ir104 [109 -r104 ;r104 vr104 +r104 ^r104 *r104 )r104 ]r104
$r105 Dr105 !r105 ar105 ur105
.r106 ;r106
$r107 |r107 }r107 Dr107 !r107 0r107 ar107 -r107 "r107 ur107
:r108
$r109 Dr109 !r109 ar109 ur109
|r110 }r110 !r110 0r110 ar110 -r110 "r110
|69 }205 !70 071 a72 -73 "74
|r111 }r111 !r111 0r111 ar111 -r111 "r111
c22 123 024 a25 (26 [27 -28 ~29 "30 A31
>r112 :r112 ,r112 =r112 ;r112 )r112 ]r112
|r113 }r113 !r113 0r113 ar113 -r113 "r113
;207
|r114 }r114 !r114 0r114 ar114 -r114 "r114
"""

GOTOS = """
constant:5 definition:6 start:7 top:8 tops:9 use:10



use_name:16 use_names:17




constant:5 definition:6 top:18 use:10



atom:32 comparison:33 conjunction:34 disjunction:35 expression:36 negation:37 pipeline:38 power:39 product:40 shape:41 side:42 signed:43 steps:44 sum:45 trailer:46
use_name:16 use_names:47




atom:32 body:58 combinator:59 comparison:33 conjunction:34 disjunction:35 expression:36 negation:37 pipeline:60 power:39 product:40 shape:41 side:42 signed:43 steps:61 suite:62 sum:45 trailer:46
any_name:66 parameter:67 parameters:68
declaration:75 item:76 key:77 lane:78 statement:79 statements:80



arguments:82
any_name:85 atom:32 comparison:33 conjunction:34 disjunction:35 expression:36 item_value:86 items:87 negation:37 pipeline:88 power:39 product:40 shape:41 side:42 signed:43 steps:44 sum:45 trailer:46
atom:32 comparison:33 conjunction:34 dimension:91 dimensions:92 disjunction:35 expression:93 negation:37 power:39 product:40 shape:41 side:42 signed:43 sum:45 trailer:46
atom:32 power:39 shape:41 side:42 signed:94 trailer:46
atom:32 comparison:33 negation:95 power:39 product:40 shape:41 side:42 signed:43 sum:45 trailer:46

arguments:96

















use_name:113
dotted:116
atom:32 comparison:33 conjunction:34 disjunction:35 expression:117 negation:37 power:39 product:40 shape:41 side:42 signed:43 sum:45 trailer:46

atom:32 comparison:33 conjunction:34 disjunction:35 expression:118 negation:37 power:39 product:40 shape:41 side:42 signed:43 sum:45 trailer:46

atom:32 comparison:33 conjunction:34 disjunction:35 expression:121 negation:37 power:39 product:40 shape:41 side:42 signed:43 sum:45 trailer:46
arguments:122
arguments:123










close:131
atom:32 body:135 combinator:59 comparison:33 conjunction:34 disjunction:35 expression:36 key:136 negation:37 pipeline:60 power:39 product:40 shape:41 side:42 signed:43 steps:61 suite:62 sum:45 trailer:46



atom:32 body:139 combinator:59 comparison:33 conjunction:34 disjunction:35 expression:36 key:140 negation:37 pipeline:60 power:39 product:40 shape:41 side:42 signed:43 steps:61 suite:62 sum:45 trailer:46






declaration:75 item:76 key:77 lane:78 statement:143
any_name:85 atom:32 comparison:33 conjunction:34 disjunction:35 expression:36 item_value:86 items:145 negation:37 pipeline:88 power:39 product:40 shape:41 side:42 signed:43 steps:44 sum:45 trailer:46

arguments:82
arguments:96


close:148




close_square:151




atom:32 comparison:33 negation:152 power:39 product:40 shape:41 side:42 signed:43 sum:45 trailer:46
atom:32 comparison:33 conjunction:34 disjunction:153 negation:37 power:39 product:40 shape:41 side:42 signed:43 sum:45 trailer:46
atom:32 comparison:33 conjunction:154 negation:37 power:39 product:40 shape:41 side:42 signed:43 sum:45 trailer:46

atom:32 power:39 shape:41 side:42 signed:155 trailer:46

atom:32 power:39 shape:41 side:42 signed:156 trailer:46
atom:32 shape:41 side:157 trailer:46
atom:32 power:39 product:40 shape:41 side:42 signed:43 sum:158 trailer:46
atom:32 power:39 product:159 shape:41 side:42 signed:43 trailer:46
atom:32 power:39 product:160 shape:41 side:42 signed:43 trailer:46

any_name:85 atom:32 comparison:33 conjunction:34 disjunction:35 expression:36 item_value:86 items:162 negation:37 pipeline:88 power:39 product:40 shape:41 side:42 signed:43 steps:44 sum:45 trailer:46
atom:32 shape:41 trailer:164








declaration:75 item:76 key:77 lane:78 statement:79 statements:169
arguments:82



atom:32 body:171 combinator:59 comparison:33 conjunction:34 disjunction:35 expression:36 negation:37 pipeline:60 power:39 product:40 shape:41 side:42 signed:43 steps:61 suite:62 sum:45 trailer:46

atom:32 shape:41 side:157 suite:172 trailer:46
atom:32 body:173 combinator:59 comparison:33 conjunction:34 disjunction:35 expression:36 negation:37 pipeline:60 power:39 product:40 shape:41 side:42 signed:43 steps:61 suite:62 sum:45 trailer:46
atom:32 comparison:33 conjunction:34 disjunction:35 expression:36 negation:37 pipeline:174 power:39 product:40 shape:41 side:42 signed:43 steps:44 sum:45 trailer:46
any_name:66 parameter:176



arguments:82







atom:32 body:183 combinator:59 comparison:33 conjunction:34 declared:184 disjunction:35 expression:36 negation:37 pipeline:185 power:39 product:40 shape:41 side:42 signed:43 steps:61 suite:62 sum:45 trailer:46



close:186
atom:32 comparison:33 conjunction:34 disjunction:35 expression:36 negation:37 pipeline:187 power:39 product:40 shape:41 side:42 signed:43 steps:44 sum:45 trailer:46
any_name:85 atom:32 comparison:33 conjunction:34 disjunction:35 expression:36 item_value:188 negation:37 pipeline:88 power:39 product:40 shape:41 side:42 signed:43 steps:44 sum:45 trailer:46

atom:32 comparison:33 conjunction:34 dimension:190 disjunction:35 expression:93 negation:37 power:39 product:40 shape:41 side:42 signed:43 sum:45 trailer:46












close_square:193
atom:32 shape:41 trailer:194





declaration:75 item:76 key:77 lane:78 statement:143
atom:32 comparison:33 conjunction:34 disjunction:35 expression:198 negation:37 power:39 product:40 shape:41 side:42 signed:43 sum:45 trailer:46






atom:32 body:199 combinator:59 comparison:33 conjunction:34 disjunction:35 expression:36 negation:37 pipeline:60 power:39 product:40 shape:41 side:42 signed:43 steps:61 suite:62 sum:45 trailer:46

atom:32 body:200 combinator:59 comparison:33 conjunction:34 disjunction:35 expression:36 negation:37 pipeline:60 power:39 product:40 shape:41 side:42 signed:43 steps:61 suite:62 sum:45 trailer:46
declaration:75 item:76 key:77 lane:78 statement:79 statements:201

atom:32 body:202 combinator:59 comparison:33 conjunction:34 disjunction:35 expression:36 negation:37 pipeline:60 power:39 product:40 shape:41 side:42 signed:43 steps:61 suite:62 sum:45 trailer:46








atom:32 comparison:33 conjunction:34 disjunction:35 expression:204 negation:37 power:39 product:40 shape:41 side:42 signed:43 sum:45 trailer:46
any_name:85 atom:32 comparison:33 conjunction:34 disjunction:35 expression:36 item_value:188 negation:37 pipeline:88 power:39 product:40 shape:41 side:42 signed:43 steps:44 sum:45 trailer:46








declaration:75 item:76 key:77 lane:78 statement:143

atom:32 comparison:33 conjunction:34 disjunction:35 expression:36 negation:37 pipeline:206 power:39 product:40 shape:41 side:42 signed:43 steps:44 sum:45 trailer:46




"""
